import { useState } from 'react';
import { Modal, Radio } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { WorkloadWire } from '@bulkhead/contract';
import { ENFORCEMENT_MODES, type EnforcementMode, type VisibilityLevel } from '@bulkhead/policy';
import { api } from '../../api/client.ts';
import { errorsOf } from '../../api/failures.ts';
import { invalidate } from '../../api/hooks.ts';
import { plural } from '../../format/numbers.ts';
import {
  ENFORCEMENT_NAMES,
  ENFORCEMENT_NOTES,
  VISIBILITY_CHOICES,
  VISIBILITY_NAMES,
  VISIBILITY_NOTES,
} from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { LabelFields, type LabelChoice } from '../../ui/LabelFields.tsx';
import { FormErrors } from '../../ui/Notices.tsx';

export type BulkKind = 'labels' | 'enforcement' | 'visibility';
const TITLES: Record<BulkKind, string> = {
  labels: 'Edit labels of',
  enforcement: 'Set enforcement of',
  visibility: 'Set visibility of',
};

/** The labels of a workload with the chosen ones in place of those of the same key. */
export function mergedLabels(
  labels: readonly { readonly href: string; readonly key: string }[],
  choice: LabelChoice,
): { href: string }[] {
  const chosen = Object.entries(choice).filter(([, href]) => href !== null);
  const kept = labels
    .filter((label) => !chosen.some(([key]) => key === label.key))
    .map((label) => ({ href: label.href }));
  return [...kept, ...chosen.flatMap(([, href]) => (href === null ? [] : [{ href }]))];
}

export function EnforcementChoice({
  value,
  onChange,
}: {
  readonly value: EnforcementMode | null;
  readonly onChange: (mode: EnforcementMode) => void;
}) {
  return (
    <Radio.Group
      aria-label="Enforcement"
      value={value ?? ''}
      onChange={(text) => {
        const mode = ENFORCEMENT_MODES.find((one) => one === text);
        if (mode !== undefined) onChange(mode);
      }}
    >
      <div className="col g8">
        {ENFORCEMENT_MODES.map((mode) => (
          <Radio
            key={mode}
            size="xs"
            value={mode}
            label={ENFORCEMENT_NAMES[mode]}
            description={ENFORCEMENT_NOTES[mode]}
          />
        ))}
      </div>
    </Radio.Group>
  );
}

export function VisibilityChoice({
  value,
  onChange,
}: {
  readonly value: VisibilityLevel | null;
  readonly onChange: (level: VisibilityLevel) => void;
}) {
  return (
    <Radio.Group
      aria-label="Visibility"
      value={value === 'flow_full_detail' ? 'flow_summary' : (value ?? '')}
      onChange={(text) => {
        const level = VISIBILITY_CHOICES.find((one) => one === text);
        if (level !== undefined) onChange(level);
      }}
    >
      <div className="col g8">
        {VISIBILITY_CHOICES.map((level) => (
          <Radio
            key={level}
            size="xs"
            value={level}
            label={VISIBILITY_NAMES[level]}
            description={VISIBILITY_NOTES[level]}
          />
        ))}
      </div>
    </Radio.Group>
  );
}

export function BulkEdit({
  kind,
  workloads,
  onClose,
  onDone,
}: {
  readonly kind: BulkKind;
  readonly workloads: readonly WorkloadWire[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const [labels, setLabels] = useState<LabelChoice>({});
  const [mode, setMode] = useState<EnforcementMode | null>(null);
  const [level, setLevel] = useState<VisibilityLevel | null>(null);
  const [busy, setBusy] = useState(false);
  const [failures, setFailures] = useState<readonly string[]>([]);
  const touched =
    kind === 'labels'
      ? Object.values(labels).some((href) => href !== null)
      : kind === 'enforcement'
        ? mode !== null
        : level !== null;
  const managedOnly = kind !== 'labels';
  const targets = managedOnly ? workloads.filter((one) => one.managed) : workloads;
  async function save(): Promise<void> {
    setBusy(true);
    setFailures([]);
    try {
      const body = targets.map((one) => ({
        href: one.href,
        ...(kind === 'labels'
          ? { labels: mergedLabels(one.labels, labels) }
          : kind === 'enforcement'
            ? { enforcement_mode: mode }
            : { visibility_level: level }),
      }));
      const results = await api().call('workloads.bulk_update', { body });
      await invalidate('workloads', 'vens');
      const failed = results.filter((one) => one.token !== undefined || one.message !== undefined);
      if (failed.length > 0) {
        setFailures(
          failed.map((one) => one.message ?? one.token ?? 'A workload could not be changed.'),
        );
        setBusy(false);
        return;
      }
      notifications.show({ message: `${plural(targets.length, 'workload')} changed` });
      onDone();
      onClose();
    } catch (error) {
      setFailures(errorsOf(error).map((one) => one.message));
      setBusy(false);
    }
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={`${TITLES[kind]} ${plural(targets.length, 'workload')}`}
      size="lg"
    >
      <FormErrors messages={failures} />
      {kind === 'labels' ? (
        <LabelFields value={labels} onChange={setLabels} keepText="Keep as it is" />
      ) : null}
      {kind === 'enforcement' ? <EnforcementChoice value={mode} onChange={setMode} /> : null}
      {kind === 'visibility' ? <VisibilityChoice value={level} onChange={setLevel} /> : null}
      {managedOnly && targets.length < workloads.length ? (
        <p className="hint">
          {plural(workloads.length - targets.length, 'unmanaged workload')} of the selection stay as
          they are: no VEN enforces there.
        </p>
      ) : null}
      <div className="row" style={{ justifyContent: 'flex-end', marginTop: 16 }}>
        <Btn onClick={onClose}>Cancel</Btn>
        <Btn
          kind="primary"
          busy={busy}
          disabled={!touched || targets.length === 0}
          onClick={() => void save()}
        >
          Save {plural(targets.length, 'workload')}
        </Btn>
      </div>
    </Modal>
  );
}
