/** After how long a silent host is offline and leaves the peers of others (R-VEN-9). */
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { EditorPage } from '../../ui/EditorPage.tsx';
import { ErrorNotice, Note, Skeleton } from '../../ui/Notices.tsx';
import { useSave } from '../../ui/use-save.ts';
import {
  minutesError,
  offlineChanges,
  offlineForm,
  TIMER_LISTS,
  type TimerList,
  type WorkloadSettings,
} from './offline-form.ts';
import { SettingsFrame } from './SettingsFrame.tsx';
import { TimerFields } from './TimerFields.tsx';

const SECTIONS: Record<TimerList, { readonly title: string; readonly one: string }> = {
  workload_disconnected_timeout_seconds: {
    title: 'Without a heartbeat',
    one: 'heartbeat timer',
  },
  workload_goodbye_timeout_seconds: { title: 'After a goodbye of the VEN', one: 'goodbye timer' },
};

function Editor({
  settings,
  may,
  onSaved,
}: {
  readonly settings: WorkloadSettings;
  readonly may: boolean;
  readonly onSaved: () => void;
}) {
  const [initial] = useState(() => offlineForm(settings));
  const [form, setForm] = useState(initial);
  const [checked, setChecked] = useState(false);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const { busy, messages, save } = useSave({
    fields: TIMER_LISTS,
    onFieldErrors: setErrors,
    onStale: () => Promise.resolve(),
  });
  const body = offlineChanges(form, initial);
  const dirty = Object.keys(body).length > 0;
  function cancel(): void {
    setForm(initial);
    setChecked(false);
  }
  async function submit(): Promise<void> {
    setChecked(true);
    const wrong = TIMER_LISTS.some((list) =>
      form[list].some((entry) => minutesError(entry) !== undefined),
    );
    if (wrong) return;
    const saved = await save(async () => {
      await api().call('workload_settings.update', { body });
      await invalidate('settings');
    });
    if (saved) onSaved();
  }
  return (
    <EditorPage
      title="Offline Timers"
      purpose={
        may
          ? 'A host that is offline leaves the peers of others. It keeps enforcing its own policy.'
          : 'Only a Global Organization Owner or Global Administrator can change this.'
      }
      dirty={dirty && !busy}
      busy={busy}
      messages={messages}
      editable={may && dirty}
      onSave={() => void submit()}
      onCancel={may && dirty ? cancel : undefined}
    >
      <fieldset className="plain col g20" disabled={!may}>
        {TIMER_LISTS.map((list) => (
          <section key={list} className="fsec">
            <h2>{SECTIONS[list].title}</h2>
            <TimerFields
              value={form[list]}
              name={SECTIONS[list].one}
              checked={checked}
              error={errors[list]}
              onChange={(entries) => {
                setForm((now) => ({ ...now, [list]: entries }));
                setErrors({});
              }}
            />
          </section>
        ))}
      </fieldset>
      <Note>
        A timer holds the hosts that have all of its labels. Of several that hold a host the one
        with most labels counts. Changes take effect at once and need no provisioning.
      </Note>
    </EditorPage>
  );
}

export function OfflineTimersPage() {
  useCrumbs({ name: 'Settings' }, { name: 'Offline Timers' });
  const query = useApi('workload_settings.get');
  const roles = useApi('users.me').data?.roles ?? [];
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
            what="offline timers"
            onRetry={() => void query.refetch()}
          />
        )
      ) : (
        <Editor
          key={saves}
          settings={query.data}
          may={roles.includes('owner') || roles.includes('admin')}
          onSaved={() => setSaves(saves + 1)}
        />
      )}
    </SettingsFrame>
  );
}
