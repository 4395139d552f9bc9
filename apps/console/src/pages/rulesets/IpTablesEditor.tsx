import { useState } from 'react';
import { SegmentedControl, Switch, Textarea, TextInput } from '@mantine/core';
import type { ActorWire, IpTablesRuleWire, IpTablesRuleWrite } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidateDraft } from '../../api/hooks.ts';
import { readStatements, statementLine } from '../../format/ip-tables.ts';
import { idOf } from '../../format/words.ts';
import { ActorPicker, type ActorKind } from '../../ui/ActorPicker.tsx';
import { ObjectDrawer } from '../objects/ObjectDrawer.tsx';

const HOST_KINDS: readonly ActorKind[] = ['all', 'labels', 'label_groups', 'workloads'];
type HostWrite = IpTablesRuleWrite['actors'][number];

function toHostWrite(actor: ActorWire): HostWrite[] {
  if (actor.actors !== undefined) return [{ actors: actor.actors }];
  if (actor.label !== undefined) return [{ label: { href: actor.label.href } }];
  if (actor.label_group !== undefined) return [{ label_group: { href: actor.label_group.href } }];
  return actor.workload === undefined ? [] : [{ workload: { href: actor.workload.href } }];
}

export function IpTablesEditor({
  ruleSetId,
  rule,
  onClose,
}: {
  readonly ruleSetId: string;
  readonly rule: IpTablesRuleWire | null;
  readonly onClose: () => void;
}) {
  const [description, setDescription] = useState(rule?.description ?? '');
  const [enabled, setEnabled] = useState(rule?.enabled ?? true);
  const [version, setVersion] = useState<'4' | '6'>(rule?.ip_version ?? '4');
  const [actors, setActors] = useState<readonly ActorWire[]>(rule?.actors ?? []);
  const [text, setText] = useState((rule?.statements ?? []).map(statementLine).join('\n'));
  const [seen, setSeen] = useState(rule?.updated_at);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const params = { pversion: 'draft', rule_set_id: ruleSetId };
  const own = { ...params, id: rule === null ? '' : idOf(rule.href) };
  return (
    <ObjectDrawer
      title={rule === null ? 'New iptables rule' : 'Edit iptables rule'}
      size={620}
      fields={['description', 'statements', 'actors']}
      byToken={{ custom_iptables_unsupported: 'statements' }}
      onClose={onClose}
      onFieldErrors={setErrors}
      check={() => {
        const read = readStatements(text);
        const found = {
          ...(actors.length === 0 ? { actors: 'Choose who gets it.' } : {}),
          ...(read.ok ? {} : { statements: read.message }),
        };
        setErrors(found);
        return Object.keys(found).length === 0;
      }}
      onStale={async () =>
        setSeen((await api().call('ip_tables_rules.get', { params: own })).updated_at)
      }
      save={async () => {
        const read = readStatements(text);
        const body: IpTablesRuleWrite = {
          enabled,
          description: description.trim() === '' ? null : description,
          ip_version: version,
          statements: read.ok ? read.value : [],
          actors: actors.flatMap(toHostWrite),
        };
        if (rule === null) await api().call('ip_tables_rules.create', { params, body });
        else
          await api().call('ip_tables_rules.update', {
            params: own,
            query: { if_updated_at: seen },
            body,
          });
        await invalidateDraft('rule_sets');
      }}
    >
      <TextInput
        label="Description"
        description="Optional"
        value={description}
        error={errors['description']}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <div className="row">
        <SegmentedControl
          aria-label="IP version"
          value={version}
          onChange={(value) => setVersion(value === '6' ? '6' : '4')}
          data={[
            { value: '4', label: 'IPv4' },
            { value: '6', label: 'IPv6' },
          ]}
        />
        <Switch
          size="sm"
          label="Enabled"
          checked={enabled}
          onChange={(event) => setEnabled(event.currentTarget.checked)}
        />
      </div>
      <section>
        <h3 style={{ marginBottom: 6 }}>Hosts</h3>
        <div className="tcard">
          <ActorPicker
            label="Hosts of the iptables rule"
            value={actors}
            kinds={HOST_KINDS}
            onChange={(next) => {
              setActors(next);
              setErrors({});
            }}
          />
        </div>
        {errors['actors'] === undefined ? null : (
          <p className="errt" role="alert">
            {errors['actors']}
          </p>
        )}
        <p className="hint">Linux hosts within the scopes of the ruleset that these select.</p>
      </section>
      <Textarea
        label="Statements"
        description="One a line: -t filter -A INPUT -p tcp --dport 22 -j ACCEPT. What nftables cannot say the same is refused."
        autosize
        minRows={3}
        maxRows={16}
        classNames={{ input: 'mono' }}
        value={text}
        error={errors['statements']}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setErrors({});
        }}
      />
    </ObjectDrawer>
  );
}
