/** A list of offline timers: whom each holds, and after how long. */
import { MultiSelect, Select, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useLabels } from '../../api/lookups.ts';
import { oneOf } from '../../format/filters.ts';
import { KEY_NAMES } from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { minutesError, newTimer, TIMER_TYPES, type TimerEntry } from './offline-form.ts';

const TYPE_NAMES = { server: 'Servers', endpoint: 'Endpoints' };

/** Labels in their dimensions. What is chosen and no longer known stays, by its href. */
function useLabelChoices(chosen: readonly string[]) {
  const labels = useLabels();
  const known = labels.filter((label) => !label.deleted || chosen.includes(label.href));
  const keys = [...new Set(known.map((label) => label.key))];
  const unknown = chosen.filter((href) => !known.some((label) => label.href === href));
  return [
    ...keys.map((key) => ({
      group: KEY_NAMES[key] ?? key,
      items: known
        .filter((label) => label.key === key)
        .map((label) => ({ value: label.href, label: label.value })),
    })),
    ...(unknown.length === 0
      ? []
      : [{ group: 'Others', items: unknown.map((href) => ({ value: href, label: href })) }]),
  ];
}

function Timer({
  entry,
  name,
  checked,
  onChange,
  onRemove,
}: {
  readonly entry: TimerEntry;
  /** Of this timer, such as `heartbeat timer 1`. */
  readonly name: string;
  /** Says what is wrong with it. */
  readonly checked: boolean;
  readonly onChange: (entry: TimerEntry) => void;
  readonly onRemove: () => void;
}) {
  const choices = useLabelChoices(entry.scope);
  return (
    <div className="row top-al wrap" role="group" aria-label={name}>
      <Select
        aria-label={`Hosts of ${name}`}
        w={140}
        allowDeselect={false}
        data={TIMER_TYPES.map((value) => ({ value, label: TYPE_NAMES[value] }))}
        value={entry.type}
        onChange={(value) =>
          onChange({ ...entry, type: oneOf(value ?? undefined, TIMER_TYPES) ?? entry.type })
        }
      />
      <MultiSelect
        aria-label={`Labels of ${name}`}
        className="grow"
        miw={200}
        maw={420}
        placeholder={entry.scope.length === 0 ? 'With any labels' : ''}
        searchable
        data={choices}
        value={[...entry.scope]}
        onChange={(scope) => onChange({ ...entry, scope })}
      />
      <TextInput
        aria-label={`Minutes of ${name}`}
        w={200}
        placeholder="Never"
        rightSection={entry.minutes === '' ? null : <span className="t3 sm">minutes</span>}
        rightSectionWidth={70}
        value={entry.minutes}
        error={checked ? minutesError(entry) : undefined}
        onChange={(event) => onChange({ ...entry, minutes: event.currentTarget.value })}
      />
      <button type="button" className="icb" aria-label={`Remove ${name}`} onClick={onRemove}>
        <IconTrash size={16} stroke={1.5} aria-hidden />
      </button>
    </div>
  );
}

export function TimerFields({
  value,
  name,
  checked,
  error,
  onChange,
}: {
  readonly value: readonly TimerEntry[];
  /** What one is called, such as `heartbeat timer`. */
  readonly name: string;
  readonly checked: boolean;
  readonly error: string | undefined;
  readonly onChange: (entries: readonly TimerEntry[]) => void;
}) {
  return (
    <div className="col g8" style={{ paddingTop: 8 }}>
      {value.length === 0 ? <p className="t3">None: the default of the PCE counts.</p> : null}
      {value.map((entry, index) => (
        <Timer
          key={entry.key}
          entry={entry}
          name={`${name} ${index + 1}`}
          checked={checked}
          onChange={(next) => onChange(value.map((one) => (one.key === entry.key ? next : one)))}
          onRemove={() => onChange(value.filter((one) => one.key !== entry.key))}
        />
      ))}
      {error === undefined ? null : (
        <p className="errt" role="alert">
          {error}
        </p>
      )}
      <div>
        <Btn small onClick={() => onChange([...value, newTimer()])}>
          <IconPlus size={14} aria-hidden />
          Add {name}
        </Btn>
      </div>
    </div>
  );
}
