/** One end of a connection: a workload by name, or an address as it is typed. */
import { useState } from 'react';
import { Select } from '@mantine/core';
import { parseAddress } from '@bulkhead/net';
import { useApi } from '../../api/hooks.ts';
import { useWorkloadSearch } from '../../api/lookups.ts';
import { idOf, workloadName } from '../../format/words.ts';

export interface EndValue {
  readonly workload: string;
  readonly address: string;
}

export function EndField({
  label,
  value,
  error,
  onChange,
}: {
  readonly label: string;
  readonly value: EndValue;
  readonly error: string | undefined;
  readonly onChange: (value: EndValue) => void;
}) {
  const [text, setText] = useState('');
  const asked = text.trim();
  const found = useWorkloadSearch(asked);
  const chosen = useApi(
    'workloads.get',
    { params: { id: idOf(value.workload) } },
    { enabled: value.workload !== '' },
  ).data;
  const addresses = (chosen?.interfaces ?? []).map((nic) => ({
    value: nic.address,
    label: `${nic.name}: ${nic.address}`,
  }));
  const known = new Map([
    ...(chosen === undefined || value.workload === ''
      ? []
      : [[value.workload, workloadName(chosen)] as const]),
    ...found.map((one) => [one.href, workloadName(one)] as const),
  ]);
  const typed = value.workload === '' ? value.address : '';
  const plain = [...new Set([typed, parseAddress(asked) === null ? '' : asked])].filter(
    (one) => one !== '',
  );
  return (
    <div className="col g6">
      <Select
        label={label}
        placeholder="Workload or address"
        searchable
        clearable
        error={error}
        data={[
          ...(plain.length === 0
            ? []
            : [
                {
                  group: 'Address',
                  items: plain.map((one) => ({ value: one, label: one })),
                },
              ]),
          {
            group: 'Workloads',
            items: [...known].map(([href, name]) => ({ value: href, label: name })),
          },
        ]}
        // the PCE searches; what it answers is not searched again
        filter={({ options }) => options}
        nothingFoundMessage="No workload is named like that. An address is taken as it is."
        value={
          value.workload === '' ? (value.address === '' ? null : value.address) : value.workload
        }
        onSearchChange={setText}
        onChange={(next) =>
          onChange(
            next?.startsWith('/') === true
              ? { workload: next, address: '' }
              : { workload: '', address: next ?? '' },
          )
        }
      />
      {value.workload === '' || (addresses.length < 2 && value.address === '') ? null : (
        <Select
          aria-label={`Address of ${label.toLowerCase()}`}
          placeholder="Its first address that fits"
          clearable
          data={
            value.address === '' || addresses.some((one) => one.value === value.address)
              ? addresses
              : [...addresses, { value: value.address, label: value.address }]
          }
          value={value.address === '' ? null : value.address}
          onChange={(address) => onChange({ ...value, address: address ?? '' })}
        />
      )}
    </div>
  );
}
