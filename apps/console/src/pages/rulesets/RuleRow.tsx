import { useEffect, useRef, useState } from 'react';
import { Switch } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconAlertTriangle,
  IconArrowRight,
  IconBolt,
  IconSitemap,
  IconWorld,
} from '@tabler/icons-react';
import type { CallOptions, SecRuleWire, ServiceWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { hasToken, messageOf } from '../../api/failures.ts';
import { invalidateDraft } from '../../api/hooks.ts';
import { toActorWrite, toServiceWrite } from '../../format/actors.ts';
import { idOf } from '../../format/words.ts';
import { Btn, DraftBadge } from '../../ui/Bits.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { bringServices, broadSide, ruleToForm, withSide } from './rule-edit.ts';
import { RuleOptions } from './RuleOptions.tsx';
import { ServiceCell, SideCell } from './SidePopover.tsx';

type Changes = NonNullable<CallOptions<'sec_rules.update'>['body']>;
const arrow = <IconArrowRight size={14} aria-hidden />;

export function ProfileBadge({ type }: { readonly type: 'brn' | 'non_brn' | 'all' }) {
  if (type === 'brn') return null;
  return (
    <span className="bdg external">
      <IconWorld aria-hidden />
      {type === 'non_brn' ? 'Non-Corporate' : 'All Networks'}
    </span>
  );
}

export function RuleRow({
  ruleSetId,
  rule,
  number,
  services,
  editable,
  shown = false,
}: {
  readonly ruleSetId: string;
  readonly rule: SecRuleWire;
  readonly number: number;
  readonly services: readonly ServiceWire[];
  readonly editable: boolean;
  /** A link is about this rule: it is brought into view and marked. */
  readonly shown?: boolean;
}) {
  const [deleting, setDeleting] = useState(false);
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (shown) row.current?.scrollIntoView({ block: 'center' });
  }, [shown]);
  const name = `rule ${number}`;
  const params = { pversion: 'draft', rule_set_id: ruleSetId, id: idOf(rule.href) };
  const form = ruleToForm(rule);
  const locked = rule.update_type === 'delete' || !editable;
  async function change(body: Changes): Promise<void> {
    try {
      await api().call('sec_rules.update', {
        params,
        query: { if_updated_at: rule.updated_at },
        body,
      });
    } catch (error) {
      if (hasToken(error, 'object_changed')) await invalidateDraft('rule_sets');
      throw error;
    }
    await invalidateDraft('rule_sets');
  }
  function changeNow(body: Changes): void {
    change(body).catch((error: unknown) =>
      notifications.show({
        color: 'red',
        title: `Rule ${number} is not changed`,
        message: messageOf(error),
      }),
    );
  }
  return (
    <div
      ref={row}
      role="row"
      aria-label={name}
      aria-current={shown}
      className={rule.enabled && rule.update_type !== 'delete' ? 'rule' : 'rule dis'}
    >
      <div role="cell" className="rn num">
        {number}
      </div>
      <div role="cell">
        <SideCell
          label={`Consumers of ${name}`}
          editable={!locked}
          actors={rule.consumers}
          subnets={rule.use_workload_subnets.includes('consumers')}
          userGroups={rule.consuming_security_principals}
          resolveAs={rule.resolve_labels_as.consumers}
          onSave={({ actors, subnets, userGroups, resolveAs }) =>
            change({
              consumers: actors.map(toActorWrite),
              consuming_security_principals: userGroups.map(({ href }) => ({ href })),
              resolve_labels_as: { ...rule.resolve_labels_as, consumers: [...resolveAs] },
              use_workload_subnets: withSide(form.subnets, 'consumers', subnets),
            })
          }
        />
      </div>
      <div className="mid">{arrow}</div>
      <div role="cell">
        <ServiceCell
          label={`Providing Services of ${name}`}
          editable={!locked}
          optional={bringServices(form)}
          value={rule.ingress_services}
          services={services}
          onSave={(chosen) => change({ ingress_services: chosen.map(toServiceWrite) })}
        />
      </div>
      <div className="mid">{arrow}</div>
      <div role="cell">
        <SideCell
          label={`Providers of ${name}`}
          editable={!locked}
          actors={rule.providers}
          subnets={rule.use_workload_subnets.includes('providers')}
          resolveAs={rule.resolve_labels_as.providers}
          onSave={({ actors, subnets, resolveAs }) =>
            change({
              providers: actors.map(toActorWrite),
              resolve_labels_as: { ...rule.resolve_labels_as, providers: [...resolveAs] },
              use_workload_subnets: withSide(form.subnets, 'providers', subnets),
            })
          }
        />
      </div>
      <div role="cell" className="cell">
        <ProfileBadge type={rule.network_type} />
        {rule.stateless ? (
          <span className="bdg">
            <IconBolt aria-hidden />
            Stateless
          </span>
        ) : null}
        <DraftBadge type={rule.update_type} />
      </div>
      <div role="cell" className="rowend">
        {locked ? null : (
          <>
            <Switch
              size="xs"
              aria-label={`Rule ${number} enabled`}
              checked={rule.enabled}
              onChange={() => changeNow({ enabled: !rule.enabled })}
            />
            <RuleOptions
              name={name}
              sides={form}
              networkType={rule.network_type}
              stateless={rule.stateless}
              enabled={rule.enabled}
              onNetworkType={(type) => changeNow({ network_type: type })}
              onStateless={() => changeNow({ stateless: !rule.stateless })}
              onEnabled={() => changeNow({ enabled: !rule.enabled })}
              onDelete={() => setDeleting(true)}
            />
          </>
        )}
      </div>
      {rule.warnings.map((warning) => (
        <div key={warning.token + warning.message} className="rw">
          <div className="inline-w">
            <IconAlertTriangle size={14} aria-hidden />
            <span>{warning.message}</span>
            {locked || broadSide(warning) === null ? null : (
              <Btn
                small
                onClick={() => {
                  const side = broadSide(warning);
                  if (side !== null)
                    changeNow({ use_workload_subnets: withSide(form.subnets, side, true) });
                }}
              >
                <IconSitemap size={14} stroke={1.5} aria-hidden />
                Use Workload Subnets
              </Btn>
            )}
          </div>
        </div>
      ))}
      {rule.enabled ? null : (
        <div className="rw t3 sm">This rule is disabled. It allows nothing.</div>
      )}
      {deleting ? (
        <Confirm
          title={`Delete rule ${number}`}
          action="Delete rule"
          danger
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            await api().call('sec_rules.delete', { params });
            await invalidateDraft('rule_sets');
          }}
        >
          The deletion is a draft. Hosts drop the rule once you provision.
        </Confirm>
      ) : null}
    </div>
  );
}
