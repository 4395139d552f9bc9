/** A rule or boundary that matches, and through what. */
import type { ReactNode } from 'react';
import { NETWORK_PROFILE_NAMES } from '../../format/words.ts';
import { reasonWords, serviceWords, type StatementMatch } from '../../format/explanation.ts';
import type { Sentence } from '../../format/words-and-links.ts';
import { ActorChip } from '../../ui/Chips.tsx';
import { ObjectLink, Words } from '../../ui/Words.tsx';

type Scope = NonNullable<StatementMatch['scope']>;

export function ScopeChips({ scope }: { readonly scope: Scope }) {
  if (scope.entries.length === 0) return <span className="t3">everything</span>;
  return (
    <span className="chips">
      {scope.entries.map((entry) => (
        <ActorChip
          key={entry.href}
          actor={
            entry.kind === 'label'
              ? {
                  label: { href: entry.href, key: entry.key, value: entry.name },
                  exclusion: entry.exclusion,
                }
              : {
                  label_group: { href: entry.href, key: entry.key, name: entry.name },
                  exclusion: entry.exclusion,
                }
          }
        />
      ))}
    </span>
  );
}

export function StatementOrigin({
  statement,
}: {
  readonly statement: Pick<StatementMatch, 'version' | 'rule_set' | 'scope'>;
}) {
  const { rule_set: ruleSet, scope } = statement;
  return (
    <span className="t3 sm words">
      {statement.version === 0 ? 'draft' : `version ${statement.version}`}
      {ruleSet === null ? null : (
        <>
          , ruleset <ObjectLink href={ruleSet.href} name={ruleSet.name} />
        </>
      )}
      {scope === null ? null : (
        <>
          , scope {scope.index + 1}: <ScopeChips scope={scope} />
        </>
      )}
    </span>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Sentences({ all }: { readonly all: readonly Sentence[] }) {
  return (
    <ul className="col g2">
      {all.map((sentence, index) => (
        <li key={index}>
          <Words sentence={sentence} />
        </li>
      ))}
    </ul>
  );
}

export function Statement({
  statement,
  what,
}: {
  readonly statement: StatementMatch;
  readonly what: 'rule' | 'boundary';
}) {
  return (
    <div className="stmt" title={statement.href}>
      <div className="words">
        {what === 'boundary' ? 'Boundary ' : ''}
        <ObjectLink href={statement.href} name={statement.name} />
      </div>
      <StatementOrigin statement={statement} />
      <dl className="facts">
        <Fact name="Consumer">
          <Sentences all={statement.consumers.map(reasonWords)} />
        </Fact>
        <Fact name="Service">
          <Words sentence={serviceWords(statement.service)} />
        </Fact>
        <Fact name="Provider">
          <Sentences all={statement.providers.map(reasonWords)} />
        </Fact>
        <Fact name="Network">{NETWORK_PROFILE_NAMES[statement.network_type]}</Fact>
        {statement.principals.length === 0 ? null : (
          <Fact name="User groups">
            <span className="addr">{statement.principals.join(', ')}</span>
          </Fact>
        )}
      </dl>
    </div>
  );
}
