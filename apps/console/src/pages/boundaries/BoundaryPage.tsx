import type { ReactNode } from 'react';
import { useState } from 'react';
import { Menu, Radio, TextInput } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useNavigate, useParams } from '@tanstack/react-router';
import type { ActorWire, EnforcementBoundaryWire, IngressServiceWire } from '@bulkhead/contract';
import { NETWORK_TYPES, type NetworkType } from '@bulkhead/policy';
import { api } from '../../api/client.ts';
import { errorsOf, hasToken } from '../../api/failures.ts';
import { invalidateDraft, useApi } from '../../api/hooks.ts';
import { useServices } from '../../api/lookups.ts';
import { toActorWrite, toServiceWrite } from '../../format/actors.ts';
import { sortErrors } from '../../format/errors.ts';
import { networkProfileState } from '../../format/rule-options.ts';
import { idOf, NETWORK_PROFILE_NAMES } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn } from '../../ui/Bits.tsx';
import { LeaveGuard } from '../../ui/LeaveGuard.tsx';
import { ErrorNotice, FormErrors, PageHeader, Row, Skeleton } from '../../ui/Notices.tsx';
import { missingPart } from '../rulesets/rule-edit.ts';
import { ServiceCell, SideCell } from '../rulesets/SidePopover.tsx';

import { BoundaryView, Definition, FqdnNotice, ProfileText } from './BoundaryView.tsx';

interface Form {
  readonly name: string;
  readonly enabled: boolean;
  readonly consumers: readonly ActorWire[];
  readonly providers: readonly ActorWire[];
  readonly services: readonly IngressServiceWire[];
  readonly networkType: NetworkType;
}
const NEW: Form = {
  name: '',
  enabled: true,
  consumers: [],
  providers: [],
  services: [],
  networkType: 'brn',
};
function toForm(one: EnforcementBoundaryWire): Form {
  return {
    name: one.name,
    enabled: one.enabled,
    consumers: one.consumers,
    providers: one.providers,
    services: one.ingress_services,
    networkType: one.network_type,
  };
}

function NetworkProfileMenu({
  form,
  onChange,
}: {
  readonly form: Form;
  readonly onChange: (type: NetworkType) => void;
}) {
  return (
    <Menu position="bottom-start" width={520}>
      <Menu.Target>
        <Btn small aria-label="Edit Network Profile">
          Edit
        </Btn>
      </Menu.Target>
      <Menu.Dropdown>
        {NETWORK_TYPES.map((type) => {
          const state = networkProfileState(type, form);
          return (
            <Menu.Item
              key={type}
              aria-current={form.networkType === type}
              aria-label={NETWORK_PROFILE_NAMES[type]}
              disabled={!state.allowed}
              onClick={() => onChange(type)}
              rightSection={form.networkType === type ? <IconCheck size={14} aria-hidden /> : null}
            >
              {NETWORK_PROFILE_NAMES[type]}
              <div className="t3 sm">{state.allowed ? state.note : state.reason}</div>
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

function Box({ children }: { readonly children: ReactNode }) {
  return (
    <div
      style={{
        maxWidth: 520,
        border: '1px solid var(--bh-line-input)',
        borderRadius: 6,
        padding: '3px 8px',
        minHeight: 32,
      }}
    >
      {children}
    </div>
  );
}

function Editor({
  boundary,
  id,
  onDone,
}: {
  readonly boundary: EnforcementBoundaryWire | null;
  readonly id: string;
  readonly onDone: () => void;
}) {
  const navigate = useNavigate();
  const services = useServices();
  const [initial] = useState<Form>(() => (boundary === null ? NEW : toForm(boundary)));
  const [form, setForm] = useState(initial);
  const [seen, setSeen] = useState(boundary?.updated_at);
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState(false);
  const [nameError, setNameError] = useState<string | null>(null);
  const [messages, setMessages] = useState<readonly string[]>([]);
  const dirty = !saved && JSON.stringify(form) !== JSON.stringify(initial);
  const missing = form.name.trim() === '' ? 'Give it a name first.' : missingPart(form);
  const set = (changes: Partial<Form>): Promise<void> => {
    setForm((now) => ({ ...now, ...changes }));
    return Promise.resolve();
  };
  async function save(): Promise<void> {
    setBusy(true);
    setMessages([]);
    setNameError(null);
    const body = {
      name: form.name.trim(),
      enabled: form.enabled,
      consumers: form.consumers.map(toActorWrite),
      providers: form.providers.map(toActorWrite),
      ingress_services: form.services.map(toServiceWrite),
      network_type: form.networkType,
    };
    try {
      const made =
        boundary === null
          ? await api().call('enforcement_boundaries.create', {
              params: { pversion: 'draft' },
              body,
            })
          : null;
      if (boundary !== null)
        await api().call('enforcement_boundaries.update', {
          params: { pversion: 'draft', id },
          query: { if_updated_at: seen },
          body,
        });
      await invalidateDraft('enforcement_boundaries');
      setSaved(true);
      if (made === null) onDone();
      else await navigate({ to: `/boundaries/${idOf(made.href)}`, ignoreBlocker: true });
    } catch (error) {
      if (hasToken(error, 'object_changed')) {
        const now = await api().call('enforcement_boundaries.get', {
          params: { pversion: 'draft', id },
        });
        setSeen(now.updated_at);
        setMessages([
          'Somebody else saved this boundary meanwhile. What you entered is kept; save again to put it in place of theirs.',
        ]);
      } else {
        const sorted = sortErrors(errorsOf(error), ['name'], { name_must_be_unique: 'name' });
        setNameError(sorted.fields['name'] ?? null);
        setMessages(sorted.rest);
      }
      setBusy(false);
    }
  }
  const title =
    boundary === null
      ? 'Enforcement Boundaries - New'
      : `Enforcement Boundaries - ${boundary.name} (Edit)`;
  return (
    <>
      <PageHeader
        title={title}
        purpose={`${dirty ? 'Unsaved changes. ' : ''}Saving makes a draft; nothing is enforced until you provision.`}
        actions={
          <>
            <Btn
              onClick={() => (boundary === null ? void navigate({ to: '/boundaries' }) : onDone())}
            >
              Cancel
            </Btn>
            <Btn kind="primary" busy={busy} disabled={missing !== null} onClick={() => void save()}>
              Save
            </Btn>
          </>
        }
      />
      <FqdnNotice />
      <div className="col g20" style={{ marginTop: 18 }}>
        <FormErrors messages={messages} />
        <section className="fsec">
          <h2>General</h2>
          <Row label="Name">
            <TextInput
              aria-label="Name"
              maw={420}
              value={form.name}
              error={nameError}
              onChange={(event) => void set({ name: event.currentTarget.value })}
            />
          </Row>
        </section>
        <section className="fsec">
          <h2>Enforcement Boundaries</h2>
          <Row label="Consumers">
            <Box>
              <SideCell
                label="Consumers"
                editable
                actors={form.consumers}
                subnets={false}
                plain
                onSave={({ actors }) => set({ consumers: actors })}
              />
            </Box>
          </Row>
          <Row label="Provider">
            <Box>
              <SideCell
                label="Providers"
                editable
                actors={form.providers}
                subnets={false}
                plain
                onSave={({ actors }) => set({ providers: actors })}
              />
            </Box>
          </Row>
          <Row label="Providing Services">
            <Box>
              <ServiceCell
                label="Providing Services"
                editable
                value={form.services}
                services={services}
                onSave={(chosen) => set({ services: chosen })}
              />
            </Box>
          </Row>
          <Row label="Status">
            <Radio.Group
              aria-label="Status"
              value={form.enabled ? 'enabled' : 'disabled'}
              onChange={(value) => void set({ enabled: value === 'enabled' })}
            >
              <div className="row g20" style={{ minHeight: 32 }}>
                <Radio size="xs" value="enabled" label="Enabled" />
                <Radio size="xs" value="disabled" label="Disabled" />
              </div>
            </Radio.Group>
          </Row>
          <Row label="Network Profile">
            <div className="row" style={{ minHeight: 32 }}>
              <ProfileText type={form.networkType} />
              <NetworkProfileMenu
                form={form}
                onChange={(networkType) => void set({ networkType })}
              />
            </div>
          </Row>
          {missing === null ? null : <p className="hint">{missing}</p>}
          <Definition />
        </section>
      </div>
      <LeaveGuard dirty={dirty} />
    </>
  );
}

export function BoundaryPage() {
  const { id = 'new' } = useParams({ strict: false });
  const [editing, setEditing] = useState(false);
  const query = useApi(
    'enforcement_boundaries.get',
    { params: { pversion: 'draft', id } },
    { enabled: id !== 'new' },
  );
  const boundary = query.data;
  useCrumbs(
    { name: 'Enforcement Boundaries', to: '/boundaries' },
    { name: id === 'new' ? 'New' : (boundary?.name ?? 'Boundary') },
  );
  if (id === 'new')
    return (
      <main className="page">
        <Editor key="new" boundary={null} id="new" onDone={() => undefined} />
      </main>
    );
  if (boundary === undefined)
    return (
      <main className="page">
        {query.error === null ? (
          <Skeleton />
        ) : (
          <ErrorNotice
            error={query.error}
            what="this boundary"
            onRetry={() => void query.refetch()}
          />
        )}
      </main>
    );
  return (
    <main className="page">
      {editing ? (
        <Editor boundary={boundary} id={id} onDone={() => setEditing(false)} />
      ) : (
        <BoundaryView boundary={boundary} id={id} onEdit={() => setEditing(true)} />
      )}
    </main>
  );
}
