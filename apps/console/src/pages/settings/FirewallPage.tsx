/** What hosts of the organization enforce besides rules: IPv6, VPN pools, rejects, coexistence. Drafted and provisioned like any policy object. */
import { useState } from 'react';
import { Radio, Switch, Textarea } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import {
  FIREWALL_FLAGS,
  FIREWALL_SCOPES,
  type FirewallFlag,
  type FirewallScopes,
  type FirewallSettingsWire,
} from '@bulkhead/contract';
import { IPV6_MODES, type Ipv6Mode } from '@bulkhead/policy';
import { api } from '../../api/client.ts';
import { invalidateDraft, useApi } from '../../api/hooks.ts';
import { oneOf } from '../../format/filters.ts';
import { IPV6_NAMES } from '../../format/firewall-settings.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn, DraftBadge } from '../../ui/Bits.tsx';
import { EditorPage } from '../../ui/EditorPage.tsx';
import { ErrorNotice, Row, Skeleton } from '../../ui/Notices.tsx';
import { useSave } from '../../ui/use-save.ts';
import { PendingBar } from '../provision/PendingBar.tsx';
import { ScopesEditor } from '../rulesets/Scopes.tsx';
import { Coexistence } from './Coexistence.tsx';
import { changesOf, poolError, toForm, type FirewallForm } from './firewall-form.ts';
import { SettingsFrame } from './SettingsFrame.tsx';

const PARAMS = { params: { pversion: 'draft' } };
const FIELDS = [
  'vpn_pools',
  'ipv6_mode',
  'blocked_connection_reject_scopes',
  'firewall_coexistence',
  ...FIREWALL_SCOPES,
] as const;
const IPV6_NOTES: Record<Ipv6Mode, string> = {
  policy_based: 'Rules, boundaries and modes count for both families.',
  allow_all: 'IPv6 passes whatever the policy says.',
  block_all: 'IPv6 is blocked whatever rules say, except essential traffic.',
};
const SCOPE_NAMES: Record<FirewallScopes, string> = {
  static_policy_scopes: 'Static policy',
  containers_inherit_host_policy_scopes: 'Containers inherit host policy',
  loopback_interfaces_in_policy_scopes: 'Loopback interfaces in policy',
  ip_forwarding_enabled_scopes: 'IP forwarding',
  rule_hit_count_enabled_scopes: 'Rule hit count',
};
const FLAG_NAMES: Record<FirewallFlag, string> = {
  allow_dhcp_client: 'Allow DHCP client',
  allow_traceroute: 'Allow traceroute',
  allow_igmp: 'Allow IGMP',
  allow_captive_portal_outbound: 'Allow captive portals',
  log_dropped_multicast: 'Log dropped multicast',
  log_dropped_broadcast: 'Log dropped broadcast',
};

type Errors = Readonly<Record<string, string>>;
interface FieldsProps {
  readonly form: FirewallForm;
  readonly errors: Errors;
  readonly put: (changes: Partial<FirewallForm>) => void;
}

function EnforcedFields({ form, errors, put }: FieldsProps) {
  return (
    <section className="fsec">
      <h2>What hosts enforce</h2>
      <Row label="IPv6">
        <Radio.Group
          aria-label="IPv6"
          value={form.ipv6}
          error={errors['ipv6_mode']}
          onChange={(value) => put({ ipv6: oneOf(value, IPV6_MODES) ?? form.ipv6 })}
        >
          <div className="col g8" style={{ paddingTop: 6 }}>
            {IPV6_MODES.map((mode) => (
              <Radio
                key={mode}
                size="xs"
                value={mode}
                label={IPV6_NAMES[mode]}
                description={IPV6_NOTES[mode]}
              />
            ))}
          </div>
        </Radio.Group>
      </Row>
      <Row label="VPN pools">
        <Textarea
          aria-label="VPN pools"
          description="CIDR blocks that VPN clients get addresses from, one a line. With Use Workload Subnets each stands for every /32 and /128 in it."
          maw={520}
          autosize
          minRows={2}
          classNames={{ input: 'mono' }}
          error={errors['vpn_pools']}
          value={form.pools}
          onChange={(event) => put({ pools: event.currentTarget.value })}
        />
      </Row>
      <Row label="Reject scopes">
        <div className="col g8">
          <p className="hint">
            Blocked inbound connections are rejected on workloads in any of these scopes, so that
            who connects need not wait. On others they are dropped.
          </p>
          <ScopesEditor
            one="reject scope"
            none="No workload rejects."
            value={form.reject}
            onChange={(reject) => put({ reject })}
          />
          {errors['blocked_connection_reject_scopes'] === undefined ? null : (
            <p className="errt">{errors['blocked_connection_reject_scopes']}</p>
          )}
        </div>
      </Row>
      <Row label="Firewall coexistence">
        <div className="col g8">
          <p className="hint">
            Workloads whose own firewall rules stay beside the VEN's. The first entry whose scope
            holds a workload counts. With Illumio Core as primary its verdict is final; else what it
            allows goes on to the host's other rules.
          </p>
          <Coexistence
            value={form.coexistence}
            error={errors['firewall_coexistence']}
            onChange={(coexistence) => put({ coexistence })}
          />
        </div>
      </Row>
    </section>
  );
}

function StoredFields({ form, errors, put }: FieldsProps) {
  const [open, setOpen] = useState(false);
  return (
    <section className="fsec">
      <div>
        <Btn kind="link" small aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? (
            <IconChevronDown size={14} aria-hidden />
          ) : (
            <IconChevronRight size={14} aria-hidden />
          )}
          Stored for other programs
        </Btn>
      </div>
      {open ? (
        <>
          <p className="hint">These are stored and shown, and change nothing that hosts enforce.</p>
          {FIREWALL_SCOPES.map((member) => (
            <Row key={member} label={SCOPE_NAMES[member]}>
              <ScopesEditor
                one={`${SCOPE_NAMES[member].toLowerCase()} scope`}
                none="No workload."
                value={form.scopes[member]}
                onChange={(scopes) => put({ scopes: { ...form.scopes, [member]: scopes } })}
              />
              {errors[member] === undefined ? null : <p className="errt">{errors[member]}</p>}
            </Row>
          ))}
          <Row label="Flags">
            <div className="col g8" style={{ paddingTop: 6 }}>
              {FIREWALL_FLAGS.map((flag) => (
                <Switch
                  key={flag}
                  size="sm"
                  label={FLAG_NAMES[flag]}
                  checked={form.flags[flag]}
                  onChange={(event) =>
                    put({ flags: { ...form.flags, [flag]: event.currentTarget.checked } })
                  }
                />
              ))}
            </div>
          </Row>
        </>
      ) : null}
    </section>
  );
}

function Editor({
  settings,
  onSaved,
}: {
  readonly settings: FirewallSettingsWire;
  readonly onSaved: () => void;
}) {
  const [initial] = useState(() => toForm(settings));
  const [form, setForm] = useState(initial);
  const [errors, setErrors] = useState<Errors>({});
  const [seen, setSeen] = useState(settings.updated_at);
  const { busy, messages, save } = useSave({
    fields: FIELDS,
    onFieldErrors: setErrors,
    onStale: async () => setSeen((await api().call('firewall_settings.get', PARAMS)).updated_at),
  });
  const dirty = JSON.stringify(form) !== JSON.stringify(initial);
  const may = settings.caps.includes('write');
  const put = (changes: Partial<FirewallForm>): void => {
    setForm((now) => ({ ...now, ...changes }));
    setErrors({});
  };
  async function submit(): Promise<void> {
    const wrong = poolError(form);
    if (wrong !== undefined) {
      setErrors({ vpn_pools: wrong });
      return;
    }
    const saved = await save(async () => {
      await api().call('firewall_settings.update', {
        ...PARAMS,
        query: { if_updated_at: seen },
        body: changesOf(form, initial),
      });
      await invalidateDraft('firewall_settings');
    });
    if (saved) onSaved();
  }
  return (
    <EditorPage
      title="Firewall"
      badges={<DraftBadge type={settings.update_type} />}
      purpose="Saving makes a draft; nothing is enforced until you provision."
      dirty={dirty && !busy}
      busy={busy}
      messages={messages}
      editable={may && dirty}
      onSave={() => void submit()}
      onCancel={may && dirty ? () => setForm(initial) : undefined}
    >
      <fieldset className="plain col g20" disabled={!may}>
        <EnforcedFields form={form} errors={errors} put={put} />
        <StoredFields form={form} errors={errors} put={put} />
      </fieldset>
    </EditorPage>
  );
}

export function FirewallPage() {
  useCrumbs({ name: 'Settings' }, { name: 'Firewall' });
  const query = useApi('firewall_settings.get', PARAMS);
  // a new form after a save; what somebody else saves meanwhile does not take a form away
  const [saves, setSaves] = useState(0);
  return (
    <SettingsFrame>
      {query.data === undefined ? (
        query.error === null ? (
          <Skeleton />
        ) : (
          <ErrorNotice
            error={query.error}
            what="firewall settings"
            onRetry={() => void query.refetch()}
          />
        )
      ) : (
        <Editor key={saves} settings={query.data} onSaved={() => setSaves(saves + 1)} />
      )}
      <span className="grow" style={{ minHeight: 24 }} />
      <PendingBar />
    </SettingsFrame>
  );
}
