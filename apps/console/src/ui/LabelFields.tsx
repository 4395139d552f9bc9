/** One choice for each label dimension, as workloads and pairing profiles have them. */
import { Select } from '@mantine/core';
import { useLabels } from '../api/lookups.ts';
import { KEY_NAMES } from '../format/words.ts';

export type LabelChoice = Readonly<Record<string, string | null>>;
export const DIMENSIONS = ['role', 'app', 'env', 'loc'] as const;

/** Href of the label of each key. */
export function labelChoice(
  labels: readonly { readonly href: string; readonly key: string }[],
): LabelChoice {
  return Object.fromEntries(labels.map((label) => [label.key, label.href]));
}

export function chosenRefs(choice: LabelChoice): { href: string }[] {
  return Object.values(choice).flatMap((href) => (href === null ? [] : [{ href }]));
}

/** `keepText`: what an empty choice means, for bulk edits. */
export function LabelFields({
  value,
  onChange,
  keepText = 'None',
}: {
  readonly value: LabelChoice;
  readonly onChange: (value: LabelChoice) => void;
  readonly keepText?: string;
}) {
  const labels = useLabels();
  const keys = [
    ...DIMENSIONS,
    ...new Set(labels.map((label) => label.key).filter((key) => KEY_NAMES[key] === undefined)),
  ];
  return (
    <div
      style={{
        display: 'grid',
        gridTemplateColumns: 'repeat(auto-fit, minmax(180px, 1fr))',
        gap: 12,
      }}
    >
      {keys.map((key) => (
        <Select
          key={key}
          label={KEY_NAMES[key] ?? key}
          placeholder={keepText}
          clearable
          searchable
          nothingFoundMessage="No such label. Create it under Labels."
          data={labels
            .filter((label) => label.key === key && !label.deleted)
            .map((label) => ({ value: label.href, label: label.value }))}
          value={value[key] ?? null}
          onChange={(href) => onChange({ ...value, [key]: href })}
        />
      ))}
    </div>
  );
}
