import { useEffect, useState } from 'react';
import { Select } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCopy, IconTerminal2 } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import type { Answer, PairingProfileWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { errorsOf } from '../../api/failures.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { formatUptime } from '../../format/dates.ts';
import { idOf, VEN_TYPE_NAMES, VISIBILITY_NAMES } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Age, Btn, Enforcement } from '../../ui/Bits.tsx';
import { Chips } from '../../ui/Chips.tsx';
import { Empty, ErrorNotice, FormErrors, PageHeader, Skeleton } from '../../ui/Notices.tsx';

type Key = Answer<'pairing_keys.create'>;
type Script = Key['scripts'][number];
const SCRIPT_NAMES: Record<Script['ven_type'], string> = {
  server: 'Linux OS Pairing Script',
  endpoint: 'Linux OS Pairing Script',
};

function ScriptBlock({ script }: { readonly script: Script }) {
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(script.script);
    notifications.show({ message: 'Pairing script copied' });
  }
  return (
    <section
      style={{ paddingTop: 12 }}
      aria-label={`${SCRIPT_NAMES[script.ven_type]}, ${VEN_TYPE_NAMES[script.ven_type]}`}
    >
      <header className="row" style={{ marginBottom: 6 }}>
        <IconTerminal2 size={16} stroke={1.5} aria-hidden />
        <h3>{SCRIPT_NAMES[script.ven_type]}</h3>
        <span className="t3 sm">
          {VEN_TYPE_NAMES[script.ven_type]}. x86_64 and arm64, with nftables
        </span>
        <span className="grow" />
        <Btn small onClick={() => void copy()}>
          <IconCopy size={14} stroke={1.5} aria-hidden />
          Copy
        </Btn>
      </header>
      <pre className="code" data-testid={`pairing-script-${script.ven_type}`}>
        {script.script}
      </pre>
    </section>
  );
}

function PairedHere() {
  const vens = useApi('vens.list', { query: { max_results: 50 } });
  const recent = (vens.data?.items ?? [])
    .toSorted((left, right) => right.created_at.localeCompare(left.created_at))
    .slice(0, 6);
  return (
    <section className="card">
      <header>
        <h3>Paired lately</h3>
      </header>
      <div className="bd col g12">
        {recent.length === 0 ? (
          <span className="t3">Hosts appear here when they pair.</span>
        ) : (
          recent.map((ven) => (
            <div key={ven.href} className="row top-al">
              <span
                className={ven.connected ? 'st' : 'st off'}
                style={{ marginTop: 6 }}
                title={ven.connected ? 'Online' : 'Offline'}
              >
                <i aria-hidden="true" />
                <span className="vh">{ven.connected ? 'Online' : 'Offline'}</span>
              </span>
              <div className="grow">
                <Link className="b" to={`/workloads/${idOf(ven.href)}`}>
                  {ven.name ?? ven.hostname ?? idOf(ven.href)}
                </Link>
                <div className="t3 sm">
                  {VEN_TYPE_NAMES[ven.ven_type]},{' '}
                  {ven.interfaces.some((nic) => nic.network.name === 'External')
                    ? 'External'
                    : 'Corporate'}
                </div>
              </div>
              <span className="t3">
                <Age at={ven.created_at} />
              </span>
            </div>
          ))
        )}
      </div>
    </section>
  );
}

function ProfileFacts({ profile }: { readonly profile: PairingProfileWire }) {
  return (
    <>
      <div>
        <div className="lbl">Enforcement Node Type</div>
        {VEN_TYPE_NAMES[profile.ven_type]}
      </div>
      <div>
        <div className="lbl">Labels that it gives</div>
        {profile.labels.length === 0 ? (
          <span className="t3">None</span>
        ) : (
          <Chips labels={profile.labels} />
        )}
      </div>
      <div>
        <div className="lbl">Starts in</div>
        <div className="row g20">
          <Enforcement mode={profile.enforcement_mode} />
          <span className="t2">{VISIBILITY_NAMES[profile.visibility_level]}</span>
        </div>
      </div>
      <div>
        <div className="lbl">Use limit</div>
        <span className="t2">
          {profile.allowed_uses_per_key === 'unlimited'
            ? 'Unlimited uses'
            : `${profile.allowed_uses_per_key} uses a code`}
          ,{' '}
          {profile.key_lifespan === 'unlimited'
            ? 'no end'
            : `for ${formatUptime(profile.key_lifespan)}`}
          . {profile.total_use_count} paired so far.
        </span>
      </div>
    </>
  );
}

export function AddWithPairingProfilePage() {
  useCrumbs(
    { name: 'Workloads and VENs' },
    { name: 'VENs', to: '/vens' },
    { name: 'Add with Pairing Profile' },
  );
  const navigate = useNavigate();
  const profiles = useApi('pairing_profiles.list', { query: { max_results: 10_000 } });
  const [chosen, setChosen] = useState<string | null>(null);
  const [key, setKey] = useState<Key | null>(null);
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  const items = profiles.data?.items;
  const first = items?.find((one) => one.enabled)?.href ?? null;
  useEffect(() => setChosen((now) => now ?? first), [first]);
  const profile = items?.find((one) => one.href === chosen);
  async function generate(): Promise<void> {
    if (profile === undefined) return;
    setBusy(true);
    setMessages([]);
    try {
      setKey(
        await api().call('pairing_keys.create', { params: { id: idOf(profile.href) }, body: {} }),
      );
      await invalidate('pairing_profiles');
    } catch (error) {
      setMessages(errorsOf(error).map((one) => one.message));
    }
    setBusy(false);
  }
  const scripts =
    key?.scripts.filter(
      (script) =>
        profile === undefined ||
        profile.ven_type === 'specified_during_activation' ||
        script.ven_type === profile.ven_type,
    ) ?? [];
  return (
    <main className="page">
      <PageHeader
        title="Add with Pairing Profile"
        purpose="Run one script on each host. It installs the VEN, pairs it and sets its labels."
        actions={
          <>
            <Link className="btn" to="/pairing-profiles/new">
              New pairing profile
            </Link>
            <Btn onClick={() => void navigate({ to: '/vens' })}>Close</Btn>
          </>
        }
      />
      {profiles.error === null ? null : (
        <ErrorNotice
          error={profiles.error}
          what="pairing profiles"
          onRetry={() => void profiles.refetch()}
        />
      )}
      {items === undefined ? (
        profiles.error === null ? (
          <Skeleton rows={5} />
        ) : null
      ) : items.length === 0 ? (
        <Empty
          title="No pairing profile yet"
          action={
            <Link className="btn pri" to="/pairing-profiles/new">
              New pairing profile
            </Link>
          }
        >
          Create one first: it says which labels and enforcement hosts get.
        </Empty>
      ) : (
        <div className="grid2">
          <div className="col g16">
            <FormErrors messages={messages} />
            <section className="card">
              <div
                className="bd"
                style={{
                  display: 'grid',
                  gridTemplateColumns: 'repeat(auto-fit, minmax(260px, 1fr))',
                  gap: '14px 28px',
                }}
              >
                <Select
                  label="Pairing Profile"
                  allowDeselect={false}
                  searchable
                  value={chosen}
                  onChange={(value) => {
                    setChosen(value);
                    setKey(null);
                    setShown(false);
                  }}
                  data={items.map((one) => ({
                    value: one.href,
                    label: one.name ?? idOf(one.href),
                    disabled: !one.enabled,
                  }))}
                />
                {profile === undefined ? null : <ProfileFacts profile={profile} />}
                <div>
                  <div className="lbl">Activation code</div>
                  {key === null ? (
                    <Btn
                      kind="primary"
                      busy={busy}
                      disabled={profile === undefined}
                      onClick={() => void generate()}
                    >
                      Generate Key
                    </Btn>
                  ) : (
                    <div className="row">
                      <span
                        className="addr"
                        data-testid="activation-code"
                        style={{ overflowWrap: 'anywhere', whiteSpace: 'normal' }}
                      >
                        {shown
                          ? key.activation_code
                          : `${'•'.repeat(12)}${key.activation_code.slice(-4)}`}
                      </span>
                      <Btn kind="link" small onClick={() => setShown(!shown)}>
                        {shown ? 'Hide' : 'Show'}
                      </Btn>
                      <Btn kind="link" small onClick={() => void generate()}>
                        New code
                      </Btn>
                    </div>
                  )}
                </div>
              </div>
            </section>
            <section aria-label="Pairing Scripts">
              <div className="row between">
                <h2>Pairing Scripts</h2>
                {key === null ? null : (
                  <span className="t3 sm">The code is shown this once. It is in each script.</span>
                )}
              </div>
              {key === null ? (
                <p className="t3" style={{ marginTop: 8 }}>
                  Generate a key: the scripts appear here, ready to run.
                </p>
              ) : (
                scripts.map((script) => (
                  <ScriptBlock key={`${script.os} ${script.ven_type}`} script={script} />
                ))
              )}
            </section>
          </div>
          <aside className="col g16">
            <PairedHere />
            <section className="card">
              <header>
                <h3>On the host</h3>
              </header>
              <div className="bd col g8 sm">
                <span className="t2">The script ends with</span>
                <pre className="code">VEN has been successfully paired with Illumio</pre>
                <span className="t2">or with one clear error. To check:</span>
                <pre className="code">illumio-ven-ctl status</pre>
              </div>
            </section>
          </aside>
        </div>
      )}
    </main>
  );
}
