/** Custom iptables rules of a ruleset: what Linux hosts get besides the policy. */
import { useState } from 'react';
import { Switch } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPencil, IconTrash } from '@tabler/icons-react';
import type { IpTablesRuleWire, RuleSetWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { messageOf } from '../../api/failures.ts';
import { invalidateDraft } from '../../api/hooks.ts';
import { actorKey } from '../../format/actors.ts';
import { statementLine } from '../../format/ip-tables.ts';
import { idOf } from '../../format/words.ts';
import { Btn, DraftBadge } from '../../ui/Bits.tsx';
import { ActorChip } from '../../ui/Chips.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { Empty } from '../../ui/Notices.tsx';
import { IpTablesEditor } from './IpTablesEditor.tsx';

function Line({
  rule,
  number,
  editable,
  onEnabled,
  onEdit,
  onDelete,
}: {
  readonly rule: IpTablesRuleWire;
  readonly number: number;
  readonly editable: boolean;
  readonly onEnabled: () => void;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}) {
  const name = `iptables rule ${number}`;
  const locked = !editable || rule.update_type === 'delete';
  return (
    <tr className={rule.enabled && rule.update_type !== 'delete' ? '' : 'dim'}>
      <td className="num">{number}</td>
      <td>
        <span className="chips">
          {rule.actors.map((actor) => (
            <ActorChip key={actorKey(actor)} actor={actor} />
          ))}
        </span>
      </td>
      <td>IPv{rule.ip_version}</td>
      <td>
        {rule.description === null ? null : <div className="t2">{rule.description}</div>}
        {rule.statements.map((statement, index) => (
          <div key={index} className="mono">
            {statementLine(statement)}
          </div>
        ))}
      </td>
      <td>
        <DraftBadge type={rule.update_type} />
      </td>
      <td>
        {locked ? null : (
          <span className="row" style={{ justifyContent: 'flex-end' }}>
            <Switch
              size="xs"
              aria-label={`${name} enabled`}
              checked={rule.enabled}
              onChange={onEnabled}
            />
            <button type="button" className="icb sm" aria-label={`Edit ${name}`} onClick={onEdit}>
              <IconPencil size={16} stroke={1.5} aria-hidden />
            </button>
            <button
              type="button"
              className="icb sm"
              aria-label={`Delete ${name}`}
              onClick={onDelete}
            >
              <IconTrash size={16} stroke={1.5} aria-hidden />
            </button>
          </span>
        )}
      </td>
    </tr>
  );
}

export function IpTablesTab({
  ruleset,
  editable,
}: {
  readonly ruleset: RuleSetWire;
  readonly editable: boolean;
}) {
  const [editing, setEditing] = useState<IpTablesRuleWire | 'new' | null>(null);
  const [deleting, setDeleting] = useState<IpTablesRuleWire | null>(null);
  const rules = ruleset.ip_tables_rules;
  const ruleSetId = idOf(ruleset.href);
  const paramsOf = (rule: IpTablesRuleWire) => ({
    pversion: 'draft',
    rule_set_id: ruleSetId,
    id: idOf(rule.href),
  });
  async function switchRule(rule: IpTablesRuleWire): Promise<void> {
    try {
      await api().call('ip_tables_rules.update', {
        params: paramsOf(rule),
        query: { if_updated_at: rule.updated_at },
        body: { enabled: !rule.enabled },
      });
    } catch (error) {
      notifications.show({
        color: 'red',
        title: 'The iptables rule is not changed',
        message: messageOf(error),
      });
    }
    await invalidateDraft('rule_sets');
  }
  const add = editable ? <Btn onClick={() => setEditing('new')}>Add iptables rule</Btn> : undefined;
  return (
    <>
      {rules.length === 0 ? (
        <Empty title="No custom iptables rules" action={add}>
          Statements that Linux hosts in the scopes get besides the policy. Decisions do not take
          them into account.
        </Empty>
      ) : (
        <>
          <div className="tcard" style={{ marginTop: 14, flex: 'none', overflowX: 'auto' }}>
            <table className="tbl loose" aria-label="iptables rules" style={{ minWidth: 860 }}>
              <colgroup>
                <col style={{ width: 44 }} />
                <col style={{ width: 240 }} />
                <col style={{ width: 70 }} />
                <col />
                <col style={{ width: 120 }} />
                <col style={{ width: 130 }} />
              </colgroup>
              <thead>
                <tr>
                  <th scope="col">
                    <span className="vh">Number</span>
                  </th>
                  <th scope="col">Hosts</th>
                  <th scope="col">IP</th>
                  <th scope="col">Statements</th>
                  <th scope="col">
                    <span className="vh">Draft</span>
                  </th>
                  <th scope="col">
                    <span className="vh">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rules.map((rule, index) => (
                  <Line
                    key={rule.href}
                    rule={rule}
                    number={index + 1}
                    editable={editable}
                    onEnabled={() => void switchRule(rule)}
                    onEdit={() => setEditing(rule)}
                    onDelete={() => setDeleting(rule)}
                  />
                ))}
              </tbody>
            </table>
          </div>
          <div style={{ marginTop: 12 }}>{add}</div>
        </>
      )}
      {editing === null ? null : (
        <IpTablesEditor
          ruleSetId={ruleSetId}
          rule={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
        />
      )}
      {deleting === null ? null : (
        <Confirm
          title={`Delete iptables rule ${rules.indexOf(deleting) + 1}`}
          action="Delete iptables rule"
          danger
          onClose={() => setDeleting(null)}
          onConfirm={async () => {
            await api().call('ip_tables_rules.delete', { params: paramsOf(deleting) });
            await invalidateDraft('rule_sets');
          }}
        >
          The deletion is a draft. Hosts drop its statements once you provision.
        </Confirm>
      )}
    </>
  );
}
