import { useState } from 'react';
import { Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Link } from '@tanstack/react-router';
import type { ApiError } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { errorsOf, hasToken } from '../../api/failures.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { plural } from '../../format/numbers.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn } from '../../ui/Bits.tsx';
import { Empty, ErrorNotice, FormErrors, PageHeader, Skeleton } from '../../ui/Notices.tsx';
import { FailingTests } from '../policy-tests/FailingTests.tsx';
import { ChangesTable } from './ChangesTable.tsx';
import { useNeeded } from './dependencies.ts';
import { DiffCard } from './DiffCard.tsx';
import { DraftDifference } from './DifferenceCard.tsx';
import { DraftImpact } from './ImpactCard.tsx';
import { NeededNotice } from './NeededNotice.tsx';
import { PENDING_TYPES, subsetOf, useDraft, type PendingItem } from './pending.ts';
import { RevertConfirm } from './RevertConfirm.tsx';
import { TestsStop } from './TestsStop.tsx';

export function ProvisionTabs({ current }: { readonly current: 'draft' | 'versions' }) {
  const { count } = useDraft();
  const versions = useApi('sec_policy.list', { query: { max_results: 1 } }).data?.total;
  return (
    <div className="tabs" role="navigation" aria-label="Provision">
      <Link
        to="/provision"
        className={current === 'draft' ? 'on' : ''}
        {...(current === 'draft' ? { 'aria-current': 'page' as const } : {})}
      >
        Draft changes <span className="cnt">{count}</span>
      </Link>
      <Link
        to="/provision/versions"
        className={current === 'versions' ? 'on' : ''}
        {...(current === 'versions' ? { 'aria-current': 'page' as const } : {})}
      >
        Policy Versions <span className="cnt">{versions?.toLocaleString('en-US')}</span>
      </Link>
    </div>
  );
}

async function reloadPolicy(): Promise<void> {
  await invalidate('sec_policy', 'workloads', ...PENDING_TYPES);
}

export function ProvisionPage() {
  useCrumbs({ name: 'Provision' }, { name: 'Draft changes' });
  const draft = useDraft();
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useState<string | null>(null);
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  const [stopped, setStopped] = useState<readonly ApiError[]>([]);
  const [reverting, setReverting] = useState<readonly PendingItem[] | null>(null);
  const chosen = draft.items.filter((item) => !left.has(item.href));
  const all = chosen.length === draft.items.length;
  const current = draft.items.find((item) => item.href === shown) ?? draft.items[0];
  const subset = all ? undefined : subsetOf(chosen);
  const needed = useNeeded('commit', chosen, draft.items);
  const choose = (next: ReadonlySet<string>): void => {
    setLeft(next);
    setStopped([]);
    setMessages([]);
  };
  async function provision(reason?: string): Promise<void> {
    setBusy(true);
    setMessages([]);
    setStopped([]);
    try {
      const version = await api().call('sec_policy.provision', {
        body: {
          update_description: note.trim() === '' ? null : note.trim(),
          ...(subset === undefined ? {} : { change_subset: subset }),
          ...(reason === undefined ? {} : { policy_test_override: { reason } }),
        },
      });
      setNote('');
      setLeft(new Set());
      notifications.show({
        title: `Version ${version.version} is active`,
        message:
          version.workloads_affected === null
            ? 'VENs are getting it now.'
            : `${plural(version.workloads_affected, 'host')} get new policy.`,
      });
      await reloadPolicy();
    } catch (error) {
      if (hasToken(error, 'policy_test_failed')) setStopped(errorsOf(error));
      else setMessages(errorsOf(error).map((one) => one.message));
    }
    setBusy(false);
  }
  async function revert(items: readonly PendingItem[]): Promise<void> {
    if (items.length === draft.items.length) await api().call('sec_policy.revert_all');
    else await api().call('sec_policy.revert', { body: { change_subset: subsetOf(items) } });
    await reloadPolicy();
  }
  return (
    <main className="page">
      <PageHeader
        title="Provision"
        purpose={
          draft.count === 0
            ? 'Draft changes become active here.'
            : `${chosen.length} of ${plural(draft.count, 'draft change')} selected.`
        }
        actions={
          draft.count === 0 ? undefined : (
            <Btn kind="danger" onClick={() => setReverting(draft.items)}>
              Revert all
            </Btn>
          )
        }
      />
      <ProvisionTabs current="draft" />
      {draft.error === null ? null : <ErrorNotice error={draft.error} what="draft changes" />}
      {draft.loading ? (
        <Skeleton rows={5} />
      ) : draft.count === 0 ? (
        <Empty
          title="Nothing to provision"
          action={
            <Link className="btn" to="/rulesets">
              Go to Rulesets
            </Link>
          }
        >
          What hosts enforce is what the draft says. Edit a ruleset, a boundary or a policy object,
          and it shows here.
        </Empty>
      ) : (
        <div className="grid2" style={{ marginTop: 16 }}>
          <div className="col g16">
            <ChangesTable
              items={draft.items}
              left={left}
              shown={current?.href}
              onLeft={choose}
              onShow={setShown}
            />
            <NeededNotice
              needed={needed ?? []}
              onChoose={() => {
                const hrefs = new Set(needed?.map(({ item }) => item.href));
                choose(new Set([...left].filter((href) => !hrefs.has(href))));
              }}
            />
            {stopped.length === 0 ? null : <FailingTests subset={subset} />}
            <div className="col g16">
              <DraftDifference />
              <DraftImpact subset={subset} whole={needed?.length === 0} />
            </div>
            {current === undefined ? null : (
              <DiffCard
                key={current.href}
                item={current}
                onRevert={() => setReverting([current])}
              />
            )}
          </div>
          <aside className="card" style={{ position: 'sticky', top: 0 }}>
            <div className="bd col g12">
              <h2>Provision</h2>
              <FormErrors messages={messages} />
              <p className="t2">
                The selected changes become the next policy version. VENs apply it whole, or keep
                the one that they have.
              </p>
              <Textarea
                label="Provision note"
                description="Optional"
                autosize
                minRows={2}
                value={note}
                onChange={(event) => setNote(event.currentTarget.value)}
              />
              <Btn
                kind="primary"
                busy={busy}
                disabled={chosen.length === 0 || needed?.length !== 0}
                style={{ justifyContent: 'center' }}
                onClick={() => void provision()}
              >
                Provision {plural(chosen.length, 'change')}
              </Btn>
              {chosen.length === 0 ? <p className="hint">Select at least one change.</p> : null}
              {needed === undefined || needed.length === 0 ? null : (
                <p className="hint">Select what the changes need as well.</p>
              )}
              {stopped.length === 0 ? null : (
                <TestsStop
                  errors={stopped}
                  busy={busy}
                  onOverride={(reason) => void provision(reason)}
                />
              )}
            </div>
          </aside>
        </div>
      )}
      {reverting === null ? null : (
        <RevertConfirm
          chosen={reverting}
          all={draft.items}
          onClose={() => setReverting(null)}
          onRevert={revert}
        />
      )}
    </main>
  );
}
