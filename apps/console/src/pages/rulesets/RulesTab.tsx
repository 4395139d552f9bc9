/** The rules of a ruleset: intra-scope and extra-scope, and the one that is being written. */
import type { RuleSetWire, SecRuleWire } from '@bulkhead/contract';
import { useServices } from '../../api/lookups.ts';
import { isExtraScope } from '../../format/rule-options.ts';
import { idOf } from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { Empty } from '../../ui/Notices.tsx';
import { NewRuleRow } from './NewRuleRow.tsx';
import type { RuleForm } from './rule-edit.ts';
import { RuleRow } from './RuleRow.tsx';

export interface RulesTabProps {
  readonly ruleset: RuleSetWire;
  readonly editable: boolean;
  /** The rule that is being written, as it starts; null: none. */
  readonly adding: RuleForm | null;
  readonly onAdd: () => void;
  readonly onAdded: () => void;
  /** Id of the rule that a link is about. */
  readonly shown: string | undefined;
}

function Group({
  title,
  note,
  extra,
  ...props
}: RulesTabProps & { readonly title: string; readonly note: string; readonly extra: boolean }) {
  const { ruleset, adding } = props;
  const services = useServices();
  const id = idOf(ruleset.href);
  const rows = ruleset.rules
    .map((rule: SecRuleWire, index) => ({ rule, number: index + 1 }))
    .filter(({ rule }) => isExtraScope(rule) === extra);
  const writing = adding !== null && adding.extraScope === extra ? adding : null;
  return (
    <div role="rowgroup" aria-label={title}>
      <div className="rg">
        {title} <span className="t3">{note}</span>
      </div>
      {rows.map(({ rule, number }) => (
        <RuleRow
          key={rule.href}
          ruleSetId={id}
          rule={rule}
          number={number}
          services={services}
          editable={props.editable}
          shown={idOf(rule.href) === props.shown}
        />
      ))}
      {writing === null ? null : (
        <NewRuleRow ruleSetId={id} start={writing} services={services} onClose={props.onAdded} />
      )}
      {rows.length === 0 && writing === null ? (
        <div
          className="t3"
          style={{ padding: '10px 14px', borderBottom: '1px solid var(--bh-line)' }}
        >
          No {extra ? 'extra-scope' : 'intra-scope'} rules.
        </div>
      ) : null}
    </div>
  );
}

export function RulesTab(props: RulesTabProps) {
  const { ruleset, adding, editable } = props;
  if (ruleset.rules.length === 0 && adding === null)
    return (
      <Empty
        title="No rules yet"
        action={
          editable ? (
            <Btn kind="primary" onClick={props.onAdd}>
              Add the first rule
            </Btn>
          ) : undefined
        }
      >
        A rule allows its consumers to reach its providers on its services.
      </Empty>
    );
  return (
    <div
      className="tcard"
      style={{ marginTop: 14, flex: 'none', overflowX: 'auto' }}
      role="table"
      aria-label="Rules"
    >
      <div style={{ minWidth: 960 }}>
        <div className="rule h" role="row">
          <div />
          <div role="columnheader">Consumers</div>
          <div />
          <div role="columnheader">Providing Services</div>
          <div />
          <div role="columnheader">Providers</div>
          <div role="columnheader">Rule Options</div>
          <div />
        </div>
        <Group
          {...props}
          title="Intra-scope rules"
          note="consumers and providers are both in the scope"
          extra={false}
        />
        <Group
          {...props}
          title="Extra-scope rules"
          note="consumers may be outside the scope"
          extra
        />
      </div>
    </div>
  );
}
