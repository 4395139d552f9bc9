import { useState } from 'react';
import { Drawer, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import type { WorkloadWire } from '@bulkhead/contract';
import type { EnforcementMode, VisibilityLevel } from '@bulkhead/policy';
import { api } from '../../api/client.ts';
import { errorsOf, hasToken } from '../../api/failures.ts';
import { invalidate } from '../../api/hooks.ts';
import { sortErrors } from '../../format/errors.ts';
import { idOf } from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { chosenRefs, LabelFields, labelChoice, type LabelChoice } from '../../ui/LabelFields.tsx';
import { FormErrors } from '../../ui/Notices.tsx';
import { EnforcementChoice, VisibilityChoice } from './BulkEdit.tsx';
import { nameOfWorkload } from './WorkloadsPage.tsx';

export function WorkloadEdit({
  workload,
  onClose,
}: {
  readonly workload: WorkloadWire;
  readonly onClose: () => void;
}) {
  const form = useForm({
    initialValues: { name: workload.name ?? '', description: workload.description ?? '' },
  });
  const [labels, setLabels] = useState<LabelChoice>(() => labelChoice(workload.labels));
  const [mode, setMode] = useState<EnforcementMode>(workload.enforcement_mode);
  const [level, setLevel] = useState<VisibilityLevel>(workload.visibility_level);
  const [seen, setSeen] = useState(workload.updated_at);
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  const id = idOf(workload.href);
  async function save(values: typeof form.values): Promise<void> {
    setBusy(true);
    setMessages([]);
    try {
      await api().call('workloads.update', {
        params: { id },
        query: { if_updated_at: seen },
        body: {
          name: values.name.trim() === '' ? null : values.name.trim(),
          description: values.description.trim() === '' ? null : values.description,
          labels: chosenRefs(labels),
          ...(workload.managed ? { enforcement_mode: mode, visibility_level: level } : {}),
        },
      });
      await invalidate('workloads', 'vens');
      onClose();
    } catch (error) {
      if (hasToken(error, 'object_changed')) {
        const now = await api().call('workloads.get', { params: { id } });
        setSeen(now.updated_at);
        setMessages([
          'Somebody else saved this workload meanwhile. What you entered is kept. Compare, then save again to put yours in place.',
          `Now: ${now.labels.map((label) => label.value).join(', ') || 'no labels'}, enforcement ${now.enforcement_mode.replace('_', ' ')}.`,
        ]);
      } else {
        const sorted = sortErrors(errorsOf(error), ['name', 'description']);
        form.setErrors(sorted.fields);
        setMessages(sorted.rest);
      }
      setBusy(false);
    }
  }
  return (
    <Drawer opened onClose={onClose} title={`Edit ${nameOfWorkload(workload)}`}>
      <form onSubmit={form.onSubmit((values) => void save(values))} className="col g16">
        <FormErrors messages={messages} />
        <TextInput
          label="Name"
          description="Optional; the hostname is shown without one"
          {...form.getInputProps('name')}
        />
        <Textarea label="Description" autosize minRows={2} {...form.getInputProps('description')} />
        <section aria-label="Labels">
          <h3 style={{ marginBottom: 6 }}>Labels</h3>
          <LabelFields value={labels} onChange={setLabels} />
        </section>
        {workload.managed ? (
          <>
            <section>
              <h3 style={{ marginBottom: 6 }}>Enforcement</h3>
              <EnforcementChoice value={mode} onChange={setMode} />
            </section>
            <section>
              <h3 style={{ marginBottom: 6 }}>Visibility</h3>
              <VisibilityChoice value={level} onChange={setLevel} />
            </section>
            <p className="hint">
              Labels, enforcement and visibility take effect at once. They need no provisioning.
            </p>
          </>
        ) : null}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Btn onClick={onClose}>Cancel</Btn>
          <Btn kind="primary" type="submit" busy={busy}>
            Save
          </Btn>
        </div>
      </form>
    </Drawer>
  );
}

export function DeleteWorkload({
  workload,
  onClose,
}: {
  readonly workload: WorkloadWire;
  readonly onClose: () => void;
}) {
  const navigate = useNavigate();
  const name = nameOfWorkload(workload);
  return (
    <Confirm
      title={`Delete ${name}`}
      action="Delete workload"
      danger
      onClose={onClose}
      onConfirm={async () => {
        await api().call('workloads.delete', { params: { id: idOf(workload.href) } });
        await invalidate('workloads');
        await navigate({ to: '/workloads' });
      }}
    >
      Its addresses leave every rule that its labels are in. The host itself is not touched.
    </Confirm>
  );
}
