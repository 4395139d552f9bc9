/** Which workloads share their firewall with others: a list, of which the first entry that holds a workload counts. */
import { Select } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { useLabelGroups, useLabels } from '../../api/lookups.ts';
import { oneOf } from '../../format/filters.ts';
import { MODE_NAMES, PRIMARY_NAMES } from '../../format/firewall-settings.ts';
import { Btn } from '../../ui/Bits.tsx';
import { ScopeFields, type Scopes } from '../rulesets/Scopes.tsx';
import { coexistenceEntry, WORKLOAD_MODES, type CoexistenceEntry } from './firewall-form.ts';

type Scope = Scopes[number];

/** The API names these scopes by href alone. */
function useScopes(): {
  readonly read: (hrefs: readonly string[]) => Scope;
  readonly write: (scope: Scope, before: readonly string[]) => string[];
} {
  const labels = useLabels();
  const groups = useLabelGroups();
  const entryOf = (href: string): Scope => {
    const label = labels.find((one) => one.href === href);
    if (label !== undefined) return [{ label: { href, key: label.key, value: label.value } }];
    const group = groups.find((one) => one.href === href);
    return group === undefined ? [] : [{ label_group: { href, key: group.key, name: group.name } }];
  };
  return {
    read: (hrefs) => hrefs.flatMap(entryOf),
    // what is not known here is no reason to lose it
    write: (scope, before) => [
      ...before.filter((href) => entryOf(href).length === 0),
      ...scope.flatMap((entry) => entry.label?.href ?? entry.label_group?.href ?? []),
    ],
  };
}

export function Coexistence({
  value,
  error,
  onChange,
}: {
  readonly value: readonly CoexistenceEntry[];
  readonly error: string | undefined;
  readonly onChange: (entries: readonly CoexistenceEntry[]) => void;
}) {
  const scopes = useScopes();
  const put = (entry: CoexistenceEntry): void =>
    onChange(value.map((one) => (one.key === entry.key ? entry : one)));
  const move = (index: number, by: -1 | 1): void => {
    const next = [...value];
    const [moved] = next.splice(index, 1);
    if (moved !== undefined) next.splice(index + by, 0, moved);
    onChange(next);
  };
  return (
    <div className="col g12">
      {value.length === 0 ? (
        <p className="t3">The VEN's firewall is alone on every workload.</p>
      ) : null}
      {value.map((entry, index) => {
        const name = `entry ${index + 1}`;
        return (
          <div key={entry.key} className="near col g8" role="group" aria-label={name}>
            <div className="row top-al">
              <ScopeFields
                scope={scopes.read(entry.scope)}
                name={name}
                onChange={(scope) => put({ ...entry, scope: scopes.write(scope, entry.scope) })}
              />
            </div>
            <div className="row">
              <Select
                aria-label={`Primary firewall of ${name}`}
                w={300}
                allowDeselect={false}
                data={Object.entries(PRIMARY_NAMES).map(([key, label]) => ({ value: key, label }))}
                value={entry.primary ? 'illumio' : 'other'}
                onChange={(primary) => put({ ...entry, primary: primary === 'illumio' })}
              />
              <Select
                aria-label={`Enforcement of ${name}`}
                w={200}
                placeholder="Any enforcement"
                clearable
                data={WORKLOAD_MODES.map((mode) => ({ value: mode, label: MODE_NAMES[mode] }))}
                value={entry.mode}
                onChange={(mode) =>
                  put({ ...entry, mode: oneOf(mode ?? undefined, WORKLOAD_MODES) ?? null })
                }
              />
              <span className="grow" />
              <button
                type="button"
                className="icb sm"
                aria-label={`Move ${name} up`}
                disabled={index === 0}
                onClick={() => move(index, -1)}
              >
                <IconArrowUp size={16} stroke={1.5} aria-hidden />
              </button>
              <button
                type="button"
                className="icb sm"
                aria-label={`Move ${name} down`}
                disabled={index === value.length - 1}
                onClick={() => move(index, 1)}
              >
                <IconArrowDown size={16} stroke={1.5} aria-hidden />
              </button>
              <button
                type="button"
                className="icb sm"
                aria-label={`Remove ${name}`}
                onClick={() => onChange(value.filter((one) => one.key !== entry.key))}
              >
                <IconTrash size={16} stroke={1.5} aria-hidden />
              </button>
            </div>
          </div>
        );
      })}
      {error === undefined ? null : (
        <p className="errt" role="alert">
          {error}
        </p>
      )}
      <div>
        <Btn
          small
          onClick={() =>
            onChange([...value, coexistenceEntry({ scope: [], primary: true, mode: null })])
          }
        >
          <IconPlus size={14} aria-hidden />
          Add entry
        </Btn>
      </div>
    </div>
  );
}
