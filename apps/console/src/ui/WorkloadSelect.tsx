/** One workload, searched for by name in the PCE. */
import { useState } from 'react';
import { Select } from '@mantine/core';
import { useApi } from '../api/hooks.ts';
import { useWorkloadSearch } from '../api/lookups.ts';
import { idOf, workloadName } from '../format/words.ts';

export function WorkloadSelect({
  label,
  value,
  onChange,
  without,
}: {
  readonly label: string;
  /** Href; empty: none yet. */
  readonly value: string;
  readonly onChange: (href: string) => void;
  /** Hrefs that cannot be chosen. */
  readonly without?: ReadonlySet<string>;
}) {
  const [text, setText] = useState('');
  const found = useWorkloadSearch(text.trim());
  const chosen = useApi(
    'workloads.get',
    { params: { id: idOf(value) } },
    { enabled: value !== '' },
  ).data;
  const known = new Map([
    ...(chosen === undefined || value === '' ? [] : [[value, workloadName(chosen)] as const]),
    ...found
      .filter((one) => without?.has(one.href) !== true)
      .map((one) => [one.href, workloadName(one)] as const),
  ]);
  return (
    <Select
      aria-label={label}
      placeholder="Name of a workload"
      searchable
      // the PCE searches; what it answers is not searched again
      filter={({ options }) => options}
      nothingFoundMessage="No workload is named like that."
      data={[...known].map(([href, name]) => ({ value: href, label: name }))}
      value={value === '' ? null : value}
      onSearchChange={setText}
      onChange={(href) => onChange(href ?? '')}
    />
  );
}
