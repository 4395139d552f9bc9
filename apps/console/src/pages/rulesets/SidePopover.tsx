/** One cell of a rule: chips that open the picker, with Advanced Options and Save side. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Checkbox, Popover } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import type { ActorWire, IngressServiceWire, ServiceWire } from '@bulkhead/contract';
import { actorKey } from '../../format/actors.ts';
import { subnetsState } from '../../format/rule-options.ts';
import { ActorPicker, BOUNDARY_KINDS } from '../../ui/ActorPicker.tsx';
import { Btn } from '../../ui/Bits.tsx';
import { ActorChip, ServiceName, SubnetsBadge, UserGroupChip } from '../../ui/Chips.tsx';
import { FormErrors } from '../../ui/Notices.tsx';
import { ServicePicker } from '../../ui/ServicePicker.tsx';
import { UserGroupsField, type UserGroup } from '../../ui/UserGroupsField.tsx';
import { errorsOf } from '../../api/failures.ts';
import type { ResolveAs } from './rule-edit.ts';

interface CellProps {
  readonly label: string;
  readonly shown: ReactNode;
  readonly editable: boolean;
  readonly children: (close: () => void) => ReactNode;
}
function Cell({ label, shown, editable, children }: CellProps) {
  const [open, setOpen] = useState(false);
  if (!editable) return <div className="cell">{shown}</div>;
  return (
    <Popover
      opened={open}
      onChange={setOpen}
      width={604}
      position="bottom-start"
      trapFocus
      withinPortal
      shadow="md"
      radius="lg"
      closeOnClickOutside={false}
    >
      <Popover.Target>
        <button
          type="button"
          className="cellbtn"
          aria-label={label}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <span className="cellflex">{shown}</span>
        </button>
      </Popover.Target>
      <Popover.Dropdown p={0} role="dialog" aria-label={label} style={{ overflow: 'hidden' }}>
        {open ? children(() => setOpen(false)) : null}
      </Popover.Dropdown>
    </Popover>
  );
}

function Foot({
  note,
  disabled,
  action,
  onCancel,
  onSave,
}: {
  readonly note: string;
  readonly disabled: boolean;
  readonly action: string;
  readonly onCancel: () => void;
  readonly onSave: () => Promise<void>;
}) {
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  async function save(): Promise<void> {
    setBusy(true);
    setMessages([]);
    try {
      await onSave();
    } catch (error) {
      setMessages(errorsOf(error).map((one) => one.message));
      setBusy(false);
    }
  }
  return (
    <>
      {messages.length === 0 ? null : (
        <div style={{ padding: '10px 12px 0' }}>
          <FormErrors messages={messages} />
        </div>
      )}
      <div
        className="row"
        style={{
          borderTop: '1px solid var(--bh-line)',
          padding: '8px 12px',
          background: 'var(--bh-sunken)',
        }}
      >
        <span className="t3 sm">{note}</span>
        <span className="grow" />
        <Btn small onClick={onCancel}>
          Cancel
        </Btn>
        <Btn small kind="primary" busy={busy} disabled={disabled} onClick={() => void save()}>
          {action}
        </Btn>
      </div>
    </>
  );
}

export interface SideValue {
  readonly actors: readonly ActorWire[];
  readonly subnets: boolean;
  readonly userGroups: readonly UserGroup[];
  readonly resolveAs: readonly ResolveAs[];
}
const WORKLOADS_ONLY: readonly ResolveAs[] = ['workloads'];

export interface SideCellProps {
  readonly label: string;
  readonly actors: readonly ActorWire[];
  readonly subnets: boolean;
  readonly editable: boolean;
  /** Without Advanced Options and virtual services: boundaries have none. */
  readonly plain?: boolean;
  /** Groups whose users it is narrowed to; absent where it cannot be. */
  readonly userGroups?: readonly UserGroup[];
  /** What its labels stand for; absent where that is no choice. */
  readonly resolveAs?: readonly ResolveAs[];
  readonly onSave: (side: SideValue) => Promise<void>;
}

const RESOLVE_NAMES: Record<ResolveAs, string> = {
  workloads: 'Workloads',
  virtual_services: 'Virtual services',
};
/** At least one stays chosen: labels that stand for nothing would match nobody. */
function ResolveField({
  value,
  onChange,
}: {
  readonly value: readonly ResolveAs[];
  readonly onChange: (value: readonly ResolveAs[]) => void;
}) {
  return (
    <div className="row" role="group" aria-label="Labels stand for" style={{ marginTop: 8 }}>
      <span>Labels stand for</span>
      {(['workloads', 'virtual_services'] as const).map((kind) => (
        <Checkbox
          key={kind}
          label={RESOLVE_NAMES[kind]}
          checked={value.includes(kind)}
          disabled={value.length === 1 && value.includes(kind)}
          onChange={(event) => {
            const rest = value.filter((one) => one !== kind);
            onChange(event.currentTarget.checked ? [...rest, kind] : rest);
          }}
        />
      ))}
    </div>
  );
}

function SideEditor({
  label,
  actors,
  subnets,
  plain = false,
  userGroups,
  resolveAs = WORKLOADS_ONLY,
  onSave,
  close,
}: SideCellProps & { readonly close: () => void }) {
  const [value, setValue] = useState(actors);
  const [bySubnets, setBySubnets] = useState(subnets);
  const [as, setAs] = useState(resolveAs);
  const [advanced, setAdvanced] = useState(subnets || as.includes('virtual_services'));
  const [groups, setGroups] = useState(userGroups ?? []);
  const state = subnetsState(value);
  return (
    <>
      <ActorPicker
        label={label}
        value={value}
        onChange={setValue}
        {...(plain ? { kinds: BOUNDARY_KINDS } : {})}
      />
      {userGroups === undefined ? null : (
        <div
          className="row"
          style={{ borderTop: '1px solid var(--bh-line)', padding: '10px 14px' }}
        >
          <b>User groups</b>
          <div className="grow">
            <UserGroupsField
              label={`User groups of ${label}`}
              value={groups}
              onChange={setGroups}
            />
          </div>
        </div>
      )}
      {plain ? null : (
        <div style={{ borderTop: '1px solid var(--bh-line)', padding: '10px 14px 12px' }}>
          <button
            type="button"
            className="row"
            style={{ border: 0, background: 'none', padding: 0, cursor: 'pointer', width: '100%' }}
            aria-expanded={advanced}
            onClick={() => setAdvanced(!advanced)}
          >
            {advanced ? (
              <IconChevronDown size={14} aria-hidden />
            ) : (
              <IconChevronRight size={14} aria-hidden />
            )}
            <b>Advanced Options</b>
            <span className="t3 sm" style={{ marginLeft: 'auto' }}>
              applies to this side only
            </span>
          </button>
          {advanced ? (
            <>
              <Checkbox
                mt={8}
                label="Use Workload Subnets"
                description={state.allowed ? state.note : state.reason}
                checked={bySubnets && state.allowed}
                disabled={!state.allowed}
                onChange={(event) => setBySubnets(event.currentTarget.checked)}
              />
              <ResolveField value={as} onChange={setAs} />
            </>
          ) : null}
        </div>
      )}
      <Foot
        note={value.length === 0 ? 'A side needs at least one entry.' : ''}
        disabled={value.length === 0}
        action="Save side"
        onCancel={close}
        onSave={async () => {
          await onSave({
            actors: value,
            subnets: bySubnets && state.allowed,
            userGroups: groups,
            resolveAs: as,
          });
          close();
        }}
      />
    </>
  );
}

export function SideCell(props: SideCellProps) {
  const { actors } = props;
  const shown = (
    <>
      {actors.length === 0 ? (
        <span className="t3">Choose</span>
      ) : (
        actors.map((actor) => <ActorChip key={actorKey(actor)} actor={actor} />)
      )}
      {props.userGroups?.map((group) => (
        <UserGroupChip key={group.href} name={group.name} />
      ))}
      {props.subnets ? <SubnetsBadge /> : null}
      {props.resolveAs?.includes('virtual_services') === true ? (
        <span className="bdg" title="Its labels stand for virtual services">
          Virtual services
        </span>
      ) : null}
    </>
  );
  return (
    <Cell label={props.label} editable={props.editable} shown={shown}>
      {(close) => <SideEditor {...props} close={close} />}
    </Cell>
  );
}

export interface ServiceCellProps {
  readonly label: string;
  readonly value: readonly IngressServiceWire[];
  readonly services: readonly ServiceWire[];
  readonly editable: boolean;
  /** Virtual services among the providers bring their own. */
  readonly optional?: boolean;
  readonly onSave: (services: readonly IngressServiceWire[]) => Promise<void>;
}
function ServiceEditor({
  label,
  value,
  optional = false,
  onSave,
  close,
}: ServiceCellProps & { readonly close: () => void }) {
  const [chosen, setChosen] = useState(value);
  return (
    <>
      <ServicePicker label={label} value={chosen} onChange={setChosen} />
      <Foot
        note={
          optional
            ? 'Virtual services bring their own.'
            : chosen.length === 0
              ? 'A rule needs at least one service.'
              : ''
        }
        disabled={chosen.length === 0 && !optional}
        action="Save services"
        onCancel={close}
        onSave={async () => {
          await onSave(chosen);
          close();
        }}
      />
    </>
  );
}
export function ServiceCell(props: ServiceCellProps) {
  const shown =
    props.value.length === 0 ? (
      <span className="t3">{props.optional === true ? 'Those of the provider' : 'Choose'}</span>
    ) : (
      props.value.map((service, index) => (
        <ServiceName
          key={service.href ?? `${service.proto ?? ''} ${service.port ?? ''} ${index}`}
          service={service}
          services={props.services}
        />
      ))
    );
  return (
    <Cell label={props.label} editable={props.editable} shown={shown}>
      {(close) => <ServiceEditor {...props} close={close} />}
    </Cell>
  );
}
