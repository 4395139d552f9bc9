import type { ReactNode } from 'react';
import { useState } from 'react';
import { Checkbox, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconFileText,
  IconMinus,
  IconPencil,
  IconPlus,
  IconSeparatorVertical,
  IconBox,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ApiError } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { errorsOf, hasToken } from '../../api/failures.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { useUserName } from '../../api/lookups.ts';
import { plural } from '../../format/numbers.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Age, Btn } from '../../ui/Bits.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { Empty, ErrorNotice, FormErrors, PageHeader, Skeleton } from '../../ui/Notices.tsx';
import { FailingTests } from '../policy-tests/FailingTests.tsx';
import { DiffCard } from './DiffCard.tsx';
import { DraftDifference } from './DifferenceCard.tsx';
import { PENDING_TYPES, subsetOf, TYPE_NAMES, useDraft, type PendingItem } from './pending.ts';
import { TestsStop } from './TestsStop.tsx';

const CHANGES: Record<PendingItem['update_type'], ReactNode> = {
  create: (
    <span className="bdg allowed">
      <IconPlus aria-hidden />
      Added
    </span>
  ),
  update: (
    <span className="bdg draft">
      <IconPencil aria-hidden />
      Changed
    </span>
  ),
  delete: (
    <span className="bdg blocked">
      <IconMinus aria-hidden />
      Removed
    </span>
  ),
};
function ItemIcon({ type }: { readonly type: PendingItem['type'] }) {
  const Icon =
    type === 'rule_sets'
      ? IconFileText
      : type === 'enforcement_boundaries'
        ? IconSeparatorVertical
        : IconBox;
  return <Icon size={16} stroke={1.5} className="i" aria-hidden />;
}
function titleOf(item: PendingItem): string {
  return item.type === 'rule_sets' || item.type === 'enforcement_boundaries'
    ? item.name
    : `${TYPE_NAMES[item.type]}: ${item.name}`;
}

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
  const userName = useUserName();
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
  const toggle = (href: string): void => {
    const next = new Set(left);
    if (!next.delete(href)) next.add(href);
    setLeft(next);
    setStopped([]);
  };
  async function provision(reason?: string): Promise<void> {
    setBusy(true);
    setMessages([]);
    setStopped([]);
    try {
      const version = await api().call('sec_policy.provision', {
        body: {
          update_description: note.trim() === '' ? null : note.trim(),
          ...(all ? {} : { change_subset: subsetOf(chosen) }),
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
            <div className="tcard" style={{ overflowX: 'auto' }}>
              <table className="tbl" aria-label="Draft changes" style={{ minWidth: 620 }}>
                <colgroup>
                  <col style={{ width: 40 }} />
                  <col />
                  <col style={{ width: 120 }} />
                  <col style={{ width: 180 }} />
                  <col style={{ width: 80 }} />
                </colgroup>
                <thead>
                  <tr>
                    <th scope="col">
                      <Checkbox
                        aria-label="Select all changes"
                        checked={all}
                        indeterminate={!all && chosen.length > 0}
                        onChange={() =>
                          setLeft(all ? new Set(draft.items.map((item) => item.href)) : new Set())
                        }
                      />
                    </th>
                    <th scope="col">Object</th>
                    <th scope="col">Change</th>
                    <th scope="col">By</th>
                    <th scope="col" className="r">
                      When
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {draft.items.map((item) => (
                    <tr key={item.href} className={item.href === current?.href ? 'sel' : ''}>
                      <td>
                        <Checkbox
                          aria-label={`Select ${titleOf(item)}`}
                          checked={!left.has(item.href)}
                          onChange={() => toggle(item.href)}
                        />
                      </td>
                      <td>
                        <button
                          type="button"
                          className="btn link plain"
                          onClick={() => setShown(item.href)}
                          aria-pressed={item.href === current?.href}
                        >
                          <ItemIcon type={item.type} />
                          {titleOf(item)}
                        </button>
                      </td>
                      <td>{CHANGES[item.update_type]}</td>
                      <td>{userName(item.updated_by.href)}</td>
                      <td className="r">
                        <Age at={item.updated_at} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {stopped.length === 0 ? null : (
              <FailingTests subset={all ? undefined : subsetOf(chosen)} />
            )}
            <DraftDifference />
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
                disabled={chosen.length === 0}
                style={{ justifyContent: 'center' }}
                onClick={() => void provision()}
              >
                Provision {plural(chosen.length, 'change')}
              </Btn>
              {chosen.length === 0 ? <p className="hint">Select at least one change.</p> : null}
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
        <Confirm
          title={`Revert ${plural(reverting.length, 'draft change')}`}
          action={`Revert ${plural(reverting.length, 'change')}`}
          danger
          onClose={() => setReverting(null)}
          onConfirm={() => revert(reverting)}
        >
          {reverting.map(titleOf).join(', ')} {reverting.length === 1 ? 'goes' : 'go'} back to the
          active state. What was drafted is lost. Hosts do not notice.
        </Confirm>
      )}
    </main>
  );
}
