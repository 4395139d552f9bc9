import { useState } from 'react';
import { Drawer, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { parseAddress } from '@bulkhead/net';
import { api } from '../../api/client.ts';
import { errorsOf } from '../../api/failures.ts';
import { invalidate } from '../../api/hooks.ts';
import { sortErrors } from '../../format/errors.ts';
import { Btn } from '../../ui/Bits.tsx';
import { chosenRefs, LabelFields, type LabelChoice } from '../../ui/LabelFields.tsx';
import { FormErrors } from '../../ui/Notices.tsx';

/** `10.1.2.3` or `10.1.2.3/24`: an address with the length of its network. */
export function parseInterfaceAddress(
  text: string,
): { address: string; cidr_block: number | null } | string {
  const [address = '', length, ...rest] = text.trim().split('/');
  const parsed = parseAddress(address);
  if (parsed === null || rest.length > 0)
    return `${text} is not an address. Write 10.1.2.3 or 10.1.2.3/24.`;
  if (length === undefined) return { address, cidr_block: null };
  const most = parsed.family === 4 ? 32 : 128;
  if (!/^\d{1,3}$/.test(length) || Number(length) > most)
    return `/${length} is not a prefix length. It is 0 to ${most}.`;
  return { address, cidr_block: Number(length) };
}

export function AddUnmanaged({ onClose }: { readonly onClose: () => void }) {
  const form = useForm({
    initialValues: { name: '', hostname: '', addresses: '' },
    validateInputOnBlur: true,
    validate: {
      name: (value) => (value.trim() === '' ? 'A workload needs a name.' : null),
      addresses: (value) => {
        const parts = value.split(/[\s,]+/).filter((one) => one !== '');
        if (parts.length === 0)
          return 'A workload without an address is no peer of anybody. Write one, such as 10.1.2.3/24.';
        return parts.map(parseInterfaceAddress).find((one) => typeof one === 'string') ?? null;
      },
    },
  });
  const [labels, setLabels] = useState<LabelChoice>({});
  const [busy, setBusy] = useState(false);
  const [rest, setRest] = useState<readonly string[]>([]);
  async function save(values: typeof form.values): Promise<void> {
    setBusy(true);
    try {
      const interfaces = values.addresses
        .split(/[\s,]+/)
        .filter((one) => one !== '')
        .flatMap((text, index) => {
          const parsed = parseInterfaceAddress(text);
          return typeof parsed === 'string' ? [] : [{ name: `umw${index}`, ...parsed }];
        });
      await api().call('workloads.create', {
        body: {
          name: values.name.trim(),
          hostname: values.hostname.trim() === '' ? null : values.hostname.trim(),
          interfaces,
          labels: chosenRefs(labels),
        },
      });
      await invalidate('workloads');
      onClose();
    } catch (error) {
      const sorted = sortErrors(errorsOf(error), ['name', 'hostname', 'interfaces']);
      form.setErrors({
        ...sorted.fields,
        ...(sorted.fields['interfaces'] === undefined
          ? {}
          : { addresses: sorted.fields['interfaces'] }),
      });
      setRest(sorted.rest);
      setBusy(false);
    }
  }
  return (
    <Drawer opened onClose={onClose} title="Add unmanaged workload">
      <form onSubmit={form.onSubmit((values) => void save(values))} className="col g16">
        <FormErrors messages={rest} />
        <TextInput label="Name" data-autofocus {...form.getInputProps('name')} />
        <TextInput label="Hostname" description="Optional" {...form.getInputProps('hostname')} />
        <TextInput
          label="Addresses"
          description="One or more, parted by spaces, such as 10.1.2.3/24"
          {...form.getInputProps('addresses')}
        />
        <LabelFields value={labels} onChange={setLabels} />
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Btn onClick={onClose}>Cancel</Btn>
          <Btn kind="primary" type="submit" busy={busy}>
            Add workload
          </Btn>
        </div>
      </form>
    </Drawer>
  );
}
