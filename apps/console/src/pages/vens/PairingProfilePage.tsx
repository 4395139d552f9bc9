import { useState } from 'react';
import { useForm } from '@mantine/form';
import { useNavigate, useParams } from '@tanstack/react-router';
import type { PairingProfileWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { errorsOf, hasToken } from '../../api/failures.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { sortErrors } from '../../format/errors.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn } from '../../ui/Bits.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { LeaveGuard } from '../../ui/LeaveGuard.tsx';
import { ErrorNotice, FormErrors, PageHeader, Skeleton } from '../../ui/Notices.tsx';
import {
  checkHours,
  checkUses,
  formToBody,
  NEW_PROFILE,
  profileToForm,
  type ProfileForm,
} from './profile-form.ts';
import { ProfileFields } from './ProfileFields.tsx';

function Editor({
  profile,
  id,
}: {
  readonly profile: PairingProfileWire | null;
  readonly id: string;
}) {
  const navigate = useNavigate();
  const form = useForm<ProfileForm>({
    initialValues: profile === null ? NEW_PROFILE : profileToForm(profile),
    validateInputOnBlur: true,
    validate: {
      name: (value) => (value.trim() === '' ? 'A pairing profile needs a name.' : null),
      uses: checkUses,
      hours: checkHours,
    },
  });
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  const [seen, setSeen] = useState(profile?.updated_at);
  const dirty = form.isDirty() && !saved;
  async function save(values: ProfileForm): Promise<void> {
    setBusy(true);
    setMessages([]);
    try {
      const body = formToBody(values);
      if (profile === null) await api().call('pairing_profiles.create', { body });
      else
        await api().call('pairing_profiles.update', {
          params: { id },
          query: { if_updated_at: seen },
          body,
        });
      await invalidate('pairing_profiles');
      setSaved(true);
      await navigate({ to: '/pairing-profiles', ignoreBlocker: true });
    } catch (error) {
      if (hasToken(error, 'object_changed')) {
        const now = await api().call('pairing_profiles.get', { params: { id } });
        setSeen(now.updated_at);
        setMessages([
          'Somebody else saved this profile meanwhile. What you entered is kept; save again to put it in place of theirs.',
        ]);
      } else {
        const sorted = sortErrors(
          errorsOf(error),
          ['name', 'description', 'allowed_uses_per_key', 'key_lifespan'],
          { name_must_be_unique: 'name' },
        );
        const { allowed_uses_per_key: uses, key_lifespan: hours, ...fields } = sorted.fields;
        form.setErrors({
          ...fields,
          ...(uses === undefined ? {} : { uses }),
          ...(hours === undefined ? {} : { hours }),
        });
        setMessages(sorted.rest);
      }
      setBusy(false);
    }
  }
  return (
    <main className="page">
      <form onSubmit={form.onSubmit((values) => void save(values))}>
        <PageHeader
          title={
            profile === null ? 'New pairing profile' : `Pairing Profile - ${profile.name ?? ''}`
          }
          purpose={dirty ? 'Unsaved changes' : 'Changes apply to hosts that pair from now on.'}
          actions={
            <>
              {profile === null || profile.is_default ? null : (
                <Btn kind="danger" onClick={() => setDeleting(true)}>
                  Delete
                </Btn>
              )}
              <Btn onClick={() => void navigate({ to: '/pairing-profiles' })}>Cancel</Btn>
              <Btn kind="primary" type="submit" busy={busy}>
                Save
              </Btn>
            </>
          }
        />
        <FormErrors messages={messages} />
        <ProfileFields form={form} />
      </form>
      <LeaveGuard dirty={dirty} />
      {deleting ? (
        <Confirm
          title={`Delete ${profile?.name ?? 'profile'}`}
          action="Delete pairing profile"
          danger
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            await api().call('pairing_profiles.delete', { params: { id } });
            await invalidate('pairing_profiles');
            form.resetDirty();
            setSaved(true);
            await navigate({ to: '/pairing-profiles', ignoreBlocker: true });
          }}
        >
          Its activation codes stop working. Hosts that are paired already stay paired.
        </Confirm>
      ) : null}
    </main>
  );
}

export function PairingProfilePage() {
  const { id = 'new' } = useParams({ strict: false });
  const query = useApi('pairing_profiles.get', { params: { id } }, { enabled: id !== 'new' });
  useCrumbs(
    { name: 'Workloads and VENs' },
    { name: 'Pairing Profiles', to: '/pairing-profiles' },
    { name: id === 'new' ? 'New' : (query.data?.name ?? 'Pairing Profile') },
  );
  if (id === 'new') return <Editor profile={null} id="new" />;
  if (query.data === undefined)
    return (
      <main className="page">
        {query.error === null ? (
          <Skeleton />
        ) : (
          <ErrorNotice
            error={query.error}
            what="this pairing profile"
            onRetry={() => void query.refetch()}
          />
        )}
      </main>
    );
  return <Editor key={id} profile={query.data} id={id} />;
}
