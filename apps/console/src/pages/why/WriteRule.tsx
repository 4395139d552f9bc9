/** Opens the rule editor of a ruleset with a suggested rule. */
import { useState } from 'react';
import { Modal, Select } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useApi } from '../../api/hooks.ts';
import { idOf } from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { ErrorNotice } from '../../ui/Notices.tsx';
import { writeNewRule, type NewRule } from './new-rule.ts';

const ALL = 10_000;

function ChooseRuleset({
  rule,
  nearestRuleSet,
  onClose,
}: {
  readonly rule: NewRule;
  readonly nearestRuleSet: string | null;
  readonly onClose: () => void;
}) {
  const query = useApi('rule_sets.list', {
    params: { pversion: 'draft' },
    query: { max_results: ALL },
  });
  const [chosen, setChosen] = useState<string | null>(null);
  const navigate = useNavigate();
  const editable = (query.data?.items ?? []).filter(
    (one) => one.caps.includes('write') && one.update_type !== 'delete',
  );
  const nearest = editable.find((one) => idOf(one.href) === idOf(nearestRuleSet ?? ''));
  const id = chosen ?? (nearest === undefined ? null : idOf(nearest.href));
  return (
    <Modal opened onClose={onClose} title="Write this rule">
      {query.error === null ? null : <ErrorNotice error={query.error} what="rulesets" />}
      <Select
        label="Ruleset"
        openOnFocus={false}
        description="The rule opens in its editor. Nothing is saved before you say so."
        searchable
        data-autofocus
        nothingFoundMessage="No ruleset that you may change is named like that."
        data={editable.map((one) => ({ value: idOf(one.href), label: one.name }))}
        value={id}
        onChange={setChosen}
      />
      <div className="row" style={{ justifyContent: 'flex-end', marginTop: 16 }}>
        <Btn onClick={onClose}>Cancel</Btn>
        <Btn
          kind="primary"
          disabled={id === null}
          onClick={() =>
            void navigate({ to: `/rulesets/${id ?? ''}`, search: { new: writeNewRule(rule) } })
          }
        >
          Open the editor
        </Btn>
      </div>
    </Modal>
  );
}

export function WriteRule(props: {
  readonly rule: NewRule;
  readonly nearestRuleSet: string | null;
}) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Btn small onClick={() => setOpen(true)}>
        <IconPencil size={14} stroke={1.5} aria-hidden />
        Write this rule
      </Btn>
      {open ? <ChooseRuleset {...props} onClose={() => setOpen(false)} /> : null}
    </>
  );
}
