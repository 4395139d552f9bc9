/** The hosts of one side of a policy test: workloads, everybody with some labels, addresses. */
import { MultiSelect, Select, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useLabels } from '../../api/lookups.ts';
import { oneOf } from '../../format/filters.ts';
import { KEY_NAMES } from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { WorkloadSelect } from '../../ui/WorkloadSelect.tsx';
import { HOST_KINDS, NEW_HOST, type HostForm, type HostKind } from './test-form.ts';

const KIND_NAMES: Record<HostKind, string> = {
  labels: 'All with labels',
  workload: 'Workload',
  address: 'Address',
};

function LabelsSelect({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: readonly string[];
  readonly onChange: (hrefs: readonly string[]) => void;
}) {
  const labels = useLabels().filter((one) => !one.deleted || value.includes(one.href));
  const keys = [...new Set([...Object.keys(KEY_NAMES), ...labels.map((one) => one.key)])];
  return (
    <MultiSelect
      aria-label={label}
      placeholder={value.length === 0 ? 'Labels that they all have' : ''}
      searchable
      nothingFoundMessage="No label is named like that."
      data={keys.map((key) => ({
        group: KEY_NAMES[key] ?? key,
        items: labels
          .filter((one) => one.key === key)
          .map((one) => ({ value: one.href, label: one.value })),
      }))}
      value={[...value]}
      onChange={onChange}
    />
  );
}

function HostRow({
  name,
  host,
  onChange,
  onRemove,
}: {
  readonly name: string;
  readonly host: HostForm;
  readonly onChange: (host: HostForm) => void;
  readonly onRemove: (() => void) | null;
}) {
  return (
    <div className="hostrow" role="group" aria-label={name}>
      <Select
        aria-label={`Kind of ${name}`}
        allowDeselect={false}
        data={HOST_KINDS.map((value) => ({ value, label: KIND_NAMES[value] }))}
        value={host.kind}
        onChange={(kind) =>
          onChange({ ...host, kind: oneOf(kind ?? undefined, HOST_KINDS) ?? host.kind })
        }
      />
      {host.kind === 'workload' ? (
        <WorkloadSelect
          label={name}
          value={host.workload}
          onChange={(workload) => onChange({ ...host, workload })}
        />
      ) : host.kind === 'labels' ? (
        <LabelsSelect
          label={name}
          value={host.labels}
          onChange={(labels) => onChange({ ...host, labels })}
        />
      ) : (
        <TextInput
          aria-label={name}
          placeholder="10.1.2.3 or 2001:db8::1"
          classNames={{ input: 'mono' }}
          value={host.address}
          onChange={(event) => onChange({ ...host, address: event.currentTarget.value })}
        />
      )}
      {onRemove === null ? null : (
        <button type="button" className="icb" aria-label={`Remove ${name}`} onClick={onRemove}>
          <IconTrash size={16} stroke={1.5} aria-hidden />
        </button>
      )}
    </div>
  );
}

export function HostsField({
  side,
  value,
  error,
  disabled,
  onChange,
}: {
  readonly side: 'From' | 'To';
  readonly value: readonly HostForm[];
  readonly error: string | undefined;
  readonly disabled: boolean;
  readonly onChange: (hosts: readonly HostForm[]) => void;
}) {
  return (
    <fieldset className="col g8 plain" disabled={disabled} aria-label={side}>
      {value.map((host, index) => (
        <HostRow
          key={`${index} of ${value.length}`}
          name={`${side} ${index + 1}`}
          host={host}
          onChange={(next) => onChange(value.map((one, at) => (at === index ? next : one)))}
          onRemove={
            value.length === 1 ? null : () => onChange(value.filter((_, at) => at !== index))
          }
        />
      ))}
      {error === undefined ? null : (
        <p className="errt" role="alert">
          {error}
        </p>
      )}
      <div>
        <Btn small onClick={() => onChange([...value, NEW_HOST])}>
          <IconPlus size={14} aria-hidden />
          Add a host
        </Btn>
      </div>
    </fieldset>
  );
}
