/** What the forms of event receivers share: which events they get, how they are trusted, how they are, and a test. */
import { useState } from 'react';
import { Checkbox, Select, Textarea } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import type { SinkStatus } from '@bulkhead/contract';
import { errorsOf } from '../../api/failures.ts';
import { oneOf } from '../../format/filters.ts';
import { plural } from '../../format/numbers.ts';
import { Age, Btn, DateTime } from '../../ui/Bits.tsx';
import { SEVERITY_NAMES, type EventChoice, type MinSeverity } from './sink-form.ts';

const SEVERITIES: readonly MinSeverity[] = ['informational', 'warning', 'error'];

export function EventFields({
  value,
  disabled,
  onChange,
}: {
  readonly value: EventChoice;
  readonly disabled: boolean;
  readonly onChange: (value: EventChoice) => void;
}) {
  return (
    <div role="group" aria-label="Events" className="col g8">
      <b className="b">Events</b>
      <Checkbox
        label="What people and VENs do"
        disabled={disabled}
        checked={value.configuration}
        onChange={(event) => onChange({ ...value, configuration: event.currentTarget.checked })}
      />
      <Checkbox
        label="What the PCE does by itself"
        disabled={disabled}
        checked={value.system}
        onChange={(event) => onChange({ ...value, system: event.currentTarget.checked })}
      />
      <Select
        aria-label="Least severity"
        w={260}
        allowDeselect={false}
        disabled={disabled}
        data={SEVERITIES.map((severity) => ({ value: severity, label: SEVERITY_NAMES[severity] }))}
        value={value.severity}
        onChange={(text) => {
          const severity = oneOf(text ?? undefined, SEVERITIES);
          if (severity !== undefined) onChange({ ...value, severity });
        }}
      />
    </div>
  );
}

export function BundleField({
  value,
  disabled,
  error,
  onChange,
}: {
  readonly value: string;
  readonly disabled: boolean;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  return (
    <Textarea
      label="Trusted certificates"
      description="In PEM. Empty: those that the PCE's system trusts."
      classNames={{ input: 'mono' }}
      autosize
      minRows={2}
      maxRows={8}
      disabled={disabled}
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

export function SinkState({ status }: { readonly status: SinkStatus }) {
  if (status.connected === null) return <span className="t3">Nothing sent yet</span>;
  return (
    <span className={status.connected ? 'st' : 'st off'}>
      <i aria-hidden="true" />
      {status.connected ? 'Connected' : 'Not connected'}
    </span>
  );
}

export function Behind({ status }: { readonly status: SinkStatus }) {
  if (status.events_behind === 0) return <span className="t3">-</span>;
  return (
    <span>
      {plural(status.events_behind, 'event')}, <Age at={status.oldest_event_behind} />
    </span>
  );
}

export function StatusSection({ status }: { readonly status: SinkStatus }) {
  return (
    <section className="near col g8" aria-label="Status">
      <div className="row">
        <SinkState status={status} />
        {status.last_error === null ? null : <span className="blocked-c">{status.last_error}</span>}
      </div>
      <div className="t2 sm">
        {plural(status.events_delivered, 'event')} delivered, last{' '}
        <DateTime at={status.last_delivered_at} />
      </div>
      {status.events_behind === 0 ? null : (
        <div className="t2 sm">
          {plural(status.events_behind, 'event')} wait, the first since{' '}
          <DateTime at={status.oldest_event_behind} />
        </div>
      )}
      {status.events_lost === 0 ? null : (
        <div className="blocked-c sm">
          {plural(status.events_lost, 'event')} lost: their retention was over before they could be
          delivered
        </div>
      )}
      {status.flows_sent + status.flows_lost === 0 ? null : (
        <div className="t2 sm">
          {plural(status.flows_sent, 'flow')} sent, {status.flows_lost} lost
        </div>
      )}
    </section>
  );
}

/** Sends one event now and says what the receiver did. */
export function TestButton({
  send,
}: {
  readonly send: () => Promise<{ readonly delivered: boolean; readonly message: string | null }>;
}) {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ readonly ok: boolean; readonly text: string }>();
  async function run(): Promise<void> {
    setBusy(true);
    setSaid(undefined);
    try {
      const { delivered, message } = await send();
      setSaid({ ok: delivered, text: message ?? 'The receiver took it.' });
    } catch (error) {
      setSaid({
        ok: false,
        text: errorsOf(error)
          .map((one) => one.message)
          .join(' '),
      });
    }
    setBusy(false);
  }
  return (
    <div className="row wrap">
      <Btn small busy={busy} onClick={() => void run()}>
        <IconSend size={14} aria-hidden />
        Send a test event
      </Btn>
      {said === undefined ? null : (
        <span role="status" className={said.ok ? 'allowed-c' : 'blocked-c'}>
          {said.text}
        </span>
      )}
    </div>
  );
}
