/** How long events are kept, and how they are sent to whatever receives them. */
import { useState } from 'react';
import { SegmentedControl, Select, TextInput } from '@mantine/core';
import { EVENT_FORMATS, MIN_SEVERITIES } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { oneOf } from '../../format/filters.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { EditorPage } from '../../ui/EditorPage.tsx';
import { ErrorNotice, Row, Skeleton } from '../../ui/Notices.tsx';
import { useSave } from '../../ui/use-save.ts';
import { daysError, eventChanges, eventForm, type EventSettingsWire } from './event-form.ts';
import { SettingsFrame } from './SettingsFrame.tsx';
import { SEVERITY_NAMES } from './sink-form.ts';

const FIELDS = ['audit_event_retention_seconds', 'audit_event_min_severity', 'format'] as const;

function Editor({
  settings,
  owner,
  onSaved,
}: {
  readonly settings: EventSettingsWire;
  readonly owner: boolean;
  readonly onSaved: () => void;
}) {
  const [initial] = useState(() => eventForm(settings));
  const [form, setForm] = useState(initial);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [seen, setSeen] = useState(settings.updated_at);
  const { busy, messages, save } = useSave({
    fields: FIELDS,
    onFieldErrors: setErrors,
    onStale: async () => setSeen((await api().call('event_settings.get')).updated_at),
  });
  const dirty = JSON.stringify(form) !== JSON.stringify(initial);
  const put = (changes: Partial<typeof form>): void => {
    setForm((now) => ({ ...now, ...changes }));
    setErrors({});
  };
  async function submit(): Promise<void> {
    const wrong = daysError(form);
    if (wrong !== undefined) {
      setErrors({ audit_event_retention_seconds: wrong });
      return;
    }
    const saved = await save(async () => {
      await api().call('event_settings.update', {
        ...(seen === null ? {} : { query: { if_updated_at: seen } }),
        body: eventChanges(form, initial),
      });
      await invalidate('settings');
    });
    if (saved) onSaved();
  }
  return (
    <EditorPage
      title="Events"
      purpose={
        owner
          ? 'How long events are kept in the PCE, and how they are sent.'
          : 'Only an Organization Administrator can change this.'
      }
      dirty={dirty && !busy}
      busy={busy}
      messages={messages}
      editable={owner && dirty}
      onSave={() => void submit()}
      onCancel={owner && dirty ? () => setForm(initial) : undefined}
    >
      <fieldset className="plain col g20" disabled={!owner}>
        <section className="fsec">
          <h2>In the PCE</h2>
          <Row label="Retention, days">
            <TextInput
              aria-label="Retention, days"
              description="1 to 200. Older events are deleted for good, also those that a receiver has not got yet."
              maw={420}
              value={form.days}
              error={errors['audit_event_retention_seconds']}
              onChange={(event) => put({ days: event.currentTarget.value })}
            />
          </Row>
        </section>
        <section className="fsec">
          <h2>To syslog and webhooks</h2>
          <Row label="Least severity">
            <Select
              aria-label="Least severity"
              description="All events are kept. Each receiver may ask for fewer of those that are sent."
              maw={420}
              allowDeselect={false}
              data={MIN_SEVERITIES.map((value) => ({ value, label: SEVERITY_NAMES[value] }))}
              value={form.severity}
              error={errors['audit_event_min_severity']}
              onChange={(value) =>
                put({ severity: oneOf(value ?? undefined, MIN_SEVERITIES) ?? form.severity })
              }
            />
          </Row>
          <Row label="Format">
            <SegmentedControl
              aria-label="Format"
              disabled={!owner}
              data={[...EVENT_FORMATS]}
              value={form.format}
              onChange={(value) => put({ format: oneOf(value, EVENT_FORMATS) ?? form.format })}
            />
            <p className="hint">Of what is sent to syslog. Webhooks always get JSON.</p>
            {errors['format'] === undefined ? null : <p className="errt">{errors['format']}</p>}
          </Row>
        </section>
      </fieldset>
    </EditorPage>
  );
}

export function EventSettingsPage() {
  useCrumbs({ name: 'Settings' }, { name: 'Events' });
  const query = useApi('event_settings.get');
  const owner = useApi('users.me').data?.roles.includes('owner') === true;
  // a new form after a save; what somebody else saves meanwhile does not take a form away
  const [saves, setSaves] = useState(0);
  return (
    <SettingsFrame>
      {query.data === undefined ? (
        query.error === null ? (
          <Skeleton />
        ) : (
          <ErrorNotice
            error={query.error}
            what="event settings"
            onRetry={() => void query.refetch()}
          />
        )
      ) : (
        <Editor
          key={saves}
          settings={query.data}
          owner={owner}
          onSaved={() => setSaves(saves + 1)}
        />
      )}
    </SettingsFrame>
  );
}
