/** Scopes of a ruleset: read as words, and their editor. */
import { Select } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { ActorWire, RuleSetWire } from '@bulkhead/contract';
import { useLabelGroups, useLabels } from '../../api/lookups.ts';
import { KEY_NAMES } from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { ActorChip } from '../../ui/Chips.tsx';

export type Scopes = RuleSetWire['scopes'];
type Entry = Scopes[number][number];
const SCOPE_KEYS = ['app', 'env', 'loc', 'role'] as const;
const ALL_WORDS: Record<string, string> = {
  app: 'All applications',
  env: 'All environments',
  loc: 'All locations',
  role: 'All roles',
};

function keyOf(entry: Entry): string {
  return entry.label?.key ?? entry.label_group?.key ?? '';
}
function asActor(entry: Entry): ActorWire {
  return {
    ...(entry.label === undefined ? {} : { label: entry.label }),
    ...(entry.label_group === undefined ? {} : { label_group: entry.label_group }),
    ...(entry.exclusion === undefined ? {} : { exclusion: entry.exclusion }),
  };
}

type EntryWrite =
  | { label: { href: string }; exclusion?: boolean }
  | { label_group: { href: string }; exclusion?: boolean };
export function writeScopes(scopes: Scopes): EntryWrite[][] {
  return scopes.map((scope) =>
    scope.flatMap((entry): EntryWrite[] => {
      const exclusion = entry.exclusion === true ? { exclusion: true } : {};
      if (entry.label !== undefined) return [{ label: { href: entry.label.href }, ...exclusion }];
      if (entry.label_group !== undefined)
        return [{ label_group: { href: entry.label_group.href }, ...exclusion }];
      return [];
    }),
  );
}

function OneScope({ scope }: { readonly scope: Scopes[number] }) {
  const shown = ['app', 'env', 'loc'].map(
    (key) => scope.find((entry) => keyOf(entry) === key) ?? key,
  );
  const others = scope.filter((entry) => !['app', 'env', 'loc'].includes(keyOf(entry)));
  return (
    <span className="chips">
      {[...shown, ...others].map((entry) =>
        typeof entry === 'string' ? (
          <span key={entry} className="chip">
            <span>{ALL_WORDS[entry]}</span>
          </span>
        ) : (
          <ActorChip key={keyOf(entry)} actor={asActor(entry)} />
        ),
      )}
    </span>
  );
}

export function ScopesText({ scopes }: { readonly scopes: Scopes }) {
  const all = scopes.length === 0 ? [[]] : scopes;
  return (
    <span className="chips">
      {all.map((scope, index) => (
        <span key={JSON.stringify(scope)} className="chips">
          {index === 0 ? null : <span className="t3 sm">or</span>}
          <OneScope scope={scope} />
        </span>
      ))}
    </span>
  );
}

export function ScopeFields({
  scope,
  name,
  onChange,
}: {
  readonly scope: Scopes[number];
  /** Of this scope, such as `scope 1`. */
  readonly name: string;
  readonly onChange: (scope: Scopes[number]) => void;
}) {
  const labels = useLabels();
  const groups = useLabelGroups();
  function choose(key: string, href: string | null): void {
    const rest = scope.filter((entry) => keyOf(entry) !== key);
    const label = labels.find((one) => one.href === href);
    const group = groups.find((one) => one.href === href);
    if (label !== undefined)
      onChange([...rest, { label: { href: label.href, key, value: label.value } }]);
    else if (group !== undefined)
      onChange([...rest, { label_group: { href: group.href, key, name: group.name } }]);
    else onChange(rest);
  }
  return (
    <div
      style={{
        display: 'grid',
        gridTemplateColumns: 'repeat(auto-fit, minmax(150px, 1fr))',
        gap: 8,
        flex: 1,
      }}
    >
      {SCOPE_KEYS.map((key) => {
        const entry = scope.find((one) => keyOf(one) === key);
        const groupItems = groups
          .filter((group) => group.key === key)
          .map((group) => ({ value: group.href, label: group.name }));
        return (
          <Select
            key={key}
            label={KEY_NAMES[key]}
            aria-label={`${KEY_NAMES[key] ?? key} of ${name}`}
            placeholder={ALL_WORDS[key] ?? ''}
            clearable
            searchable
            data={[
              {
                group: 'Labels',
                items: labels
                  .filter((label) => label.key === key && !label.deleted)
                  .map((label) => ({ value: label.href, label: label.value })),
              },
              ...(groupItems.length === 0 ? [] : [{ group: 'Label groups', items: groupItems }]),
            ]}
            value={entry?.label?.href ?? entry?.label_group?.href ?? null}
            onChange={(href) => choose(key, href)}
          />
        );
      })}
    </div>
  );
}

export function ScopesEditor({
  value,
  onChange,
  one = 'scope',
  none,
}: {
  readonly value: Scopes;
  readonly onChange: (scopes: Scopes) => void;
  /** What a scope is called here. */
  readonly one?: string;
  /** What holds without any scope; absent: there is always one. */
  readonly none?: string;
}) {
  const scopes = value.length === 0 && none === undefined ? [[]] : value;
  const least = none === undefined ? 1 : 0;
  return (
    <div className="col g12">
      {scopes.length === 0 ? <p className="t3">{none}</p> : null}
      {scopes.map((scope, index) => (
        <div key={`${index} of ${scopes.length}`} className="row top-al">
          <ScopeFields
            scope={scope}
            name={`${one} ${index + 1}`}
            onChange={(next) => onChange(scopes.map((one, at) => (at === index ? next : one)))}
          />
          {scopes.length > least ? (
            <Btn
              small
              kind="ghost"
              onClick={() => onChange(scopes.filter((_, at) => at !== index))}
            >
              Remove {one} {index + 1}
            </Btn>
          ) : null}
        </div>
      ))}
      <div>
        <Btn small onClick={() => onChange([...scopes, []])}>
          <IconPlus size={14} aria-hidden />
          Add {one}
        </Btn>
      </div>
    </div>
  );
}
