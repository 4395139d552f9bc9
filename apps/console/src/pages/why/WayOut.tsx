/** What would let a connection pass: the rules that come nearest with what they fail by, and a rule of its own. */
import { Fragment } from 'react';
import { IconArrowRight } from '@tabler/icons-react';
import type { ExplanationWire } from '@bulkhead/contract';
import {
  endsText,
  failingWords,
  nearestRules,
  policyPortText,
  suggestionsOf,
  suggestionWords,
  type FailingCondition,
  type NearestAt,
  type Suggestion,
} from '../../format/explanation.ts';
import { plural } from '../../format/numbers.ts';
import { actorKey } from '../../format/actors.ts';
import { ActorChip } from '../../ui/Chips.tsx';
import { ObjectLink, Words } from '../../ui/Words.tsx';
import { ProfileBadge } from '../rulesets/RuleRow.tsx';
import { suggestedActors, ruleFromSuggestion, type NewRule } from './new-rule.ts';
import { WriteRule } from './WriteRule.tsx';

function Failing({ failing }: { readonly failing: FailingCondition }) {
  const { suggestion } = failing;
  return (
    <li className="fail">
      <Words sentence={failingWords(failing)} />
      {suggestion === null || suggestion.kind === 'new_rule' ? null : (
        <div className="fix">
          <IconArrowRight size={14} aria-hidden />
          <Words sentence={suggestionWords(suggestion)} />
        </div>
      )}
    </li>
  );
}

function Nearest({ nearest }: { readonly nearest: NearestAt }) {
  const { rule, ends } = nearest;
  const { rule_set: ruleSet } = rule;
  return (
    <li className="near" title={rule.href}>
      <div className="row wrap g6">
        <b className="b">
          <ObjectLink href={rule.href} name={rule.name} />
        </b>
        <span className="t3 sm">
          {rule.version === 0 ? 'draft' : `version ${rule.version}`}
          {ruleSet === null ? '' : ', ruleset '}
          {ruleSet === null ? null : <ObjectLink href={ruleSet.href} name={ruleSet.name} />}
          {', '}
          {plural(rule.failing.length, 'condition')} {rule.failing.length === 1 ? 'fails' : 'fail'}{' '}
          {endsText(ends)}
        </span>
      </div>
      <ul className="col g6">
        {rule.failing.map((failing, index) => (
          <Failing key={index} failing={failing} />
        ))}
      </ul>
    </li>
  );
}

function NewRuleLine({
  suggestion,
  nearest,
}: {
  readonly suggestion: Extract<Suggestion, { kind: 'new_rule' }>;
  readonly nearest: string | null;
}) {
  const rule: NewRule | null = ruleFromSuggestion(suggestion);
  const side = (actors: (typeof suggestion)['consumers']) =>
    suggestedActors(actors).map((actor, index) =>
      'missing' in actor ? (
        <span key={index}>
          an IP list with <span className="addr">{actor.missing}</span>
        </span>
      ) : (
        <ActorChip key={actorKey(actor)} actor={actor} />
      ),
    );
  return (
    <div className="row wrap">
      <span className="sent">
        {side(suggestion.consumers)}
        <IconArrowRight size={14} className="ar" aria-label="to" />
        <span className="addr">{policyPortText(suggestion.service)}</span>
        <IconArrowRight size={14} className="ar" aria-label="of" />
        {side(suggestion.providers)}
        <ProfileBadge type={suggestion.network_type} />
      </span>
      <span className="grow" />
      {rule === null ? null : <WriteRule rule={rule} nearestRuleSet={nearest} />}
    </div>
  );
}

export function WayOut({ explanation }: { readonly explanation: ExplanationWire }) {
  const nearest = nearestRules(explanation);
  const suggestions = suggestionsOf(explanation);
  if (nearest.length === 0 && suggestions.length === 0) return null;
  return (
    <section aria-label="What would let it pass" style={{ marginTop: 14 }}>
      <h3>What would let it pass</h3>
      {nearest.length === 0 ? null : (
        <>
          <p className="t3 sm" style={{ margin: '2px 0 8px' }}>
            The rules that come nearest. One lets it pass once everything in its frame holds.
          </p>
          <ul className="nears">
            {nearest.map((one) => (
              <Nearest key={one.rule.href + one.ends.join()} nearest={one} />
            ))}
          </ul>
        </>
      )}
      {suggestions.map((suggestion, index) => (
        <Fragment key={index}>
          <p className="t3 sm" style={{ margin: '10px 0 4px' }}>
            {nearest.length > 0 ? 'Or ' : ''}
            {suggestion.kind === 'new_rule'
              ? nearest.length > 0
                ? 'a rule of its own:'
                : 'A rule of its own:'
              : ''}
          </p>
          {suggestion.kind === 'new_rule' ? (
            <NewRuleLine
              suggestion={suggestion}
              nearest={nearest[0]?.rule.rule_set?.href ?? null}
            />
          ) : (
            <Words sentence={suggestionWords(suggestion)} />
          )}
        </Fragment>
      ))}
    </section>
  );
}
