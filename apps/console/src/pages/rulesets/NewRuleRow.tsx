import { useState } from 'react';
import { IconArrowRight } from '@tabler/icons-react';
import type { ServiceWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { messageOf } from '../../api/failures.ts';
import { invalidateDraft } from '../../api/hooks.ts';
import { Btn } from '../../ui/Bits.tsx';
import { bringServices, missingPart, ruleBody, withSide, type RuleForm } from './rule-edit.ts';
import { ProfileBadge } from './RuleRow.tsx';
import { ServiceCell, SideCell } from './SidePopover.tsx';

const arrow = <IconArrowRight size={14} aria-hidden />;

/** A rule that is not saved yet: three cells, then Save. Nothing typed is lost when the server refuses. */
export function NewRuleRow({
  ruleSetId,
  start,
  services,
  onClose,
}: {
  readonly ruleSetId: string;
  /** What it starts with. */
  readonly start: RuleForm;
  readonly services: readonly ServiceWire[];
  readonly onClose: () => void;
}) {
  const [form, setForm] = useState<RuleForm>(start);
  const [busy, setBusy] = useState(false);
  const [message, setMessage] = useState<string | null>(null);
  const missing = missingPart(form);
  const keep = (changes: Partial<RuleForm>): Promise<void> => {
    setForm((now) => ({ ...now, ...changes }));
    setMessage(null);
    return Promise.resolve();
  };
  async function save(): Promise<void> {
    setBusy(true);
    try {
      await api().call('sec_rules.create', {
        params: { pversion: 'draft', rule_set_id: ruleSetId },
        body: ruleBody(form),
      });
      await invalidateDraft('rule_sets');
      onClose();
    } catch (error) {
      setMessage(messageOf(error));
      setBusy(false);
    }
  }
  return (
    <div role="row" aria-label="New rule" className="rule edit">
      <div role="cell" className="rn">
        new
      </div>
      <div role="cell">
        <SideCell
          label="Consumers of new rule"
          editable
          actors={form.consumers}
          subnets={form.subnets.includes('consumers')}
          userGroups={form.userGroups}
          resolveAs={form.resolveAs.consumers}
          onSave={({ actors, subnets, userGroups, resolveAs }) =>
            keep({
              consumers: actors,
              userGroups,
              subnets: withSide(form.subnets, 'consumers', subnets),
              resolveAs: { ...form.resolveAs, consumers: resolveAs },
            })
          }
        />
      </div>
      <div className="mid">{arrow}</div>
      <div role="cell">
        <ServiceCell
          label="Providing Services of new rule"
          editable
          optional={bringServices(form)}
          value={form.services}
          services={services}
          onSave={(chosen) => keep({ services: chosen })}
        />
      </div>
      <div className="mid">{arrow}</div>
      <div role="cell">
        <SideCell
          label="Providers of new rule"
          editable
          actors={form.providers}
          subnets={form.subnets.includes('providers')}
          resolveAs={form.resolveAs.providers}
          onSave={({ actors, subnets, resolveAs }) =>
            keep({
              providers: actors,
              subnets: withSide(form.subnets, 'providers', subnets),
              resolveAs: { ...form.resolveAs, providers: resolveAs },
            })
          }
        />
      </div>
      <div role="cell" className="cell">
        <ProfileBadge type={form.networkType} />
        <span className="bdg draft">Not saved</span>
      </div>
      <div role="cell" className="rowend">
        <Btn small onClick={onClose}>
          Cancel
        </Btn>
        <Btn
          small
          kind="primary"
          busy={busy}
          disabled={missing !== null}
          onClick={() => void save()}
        >
          Save
        </Btn>
      </div>
      {missing === null && message === null ? null : (
        <div
          className={message === null ? 'rw t3 sm' : 'rw errt'}
          role={message === null ? undefined : 'alert'}
        >
          {message ?? missing}
        </div>
      )}
    </div>
  );
}
