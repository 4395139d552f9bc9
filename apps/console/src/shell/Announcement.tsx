/** What a release changed for this organization, on every page until the user dismisses it (R-POL-10). */
import { useState } from 'react';
import { Modal } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconSpeakerphone, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { UPGRADE_RULESET } from '@bulkhead/contract';
import { api } from '../api/client.ts';
import { messageOf, statusOf } from '../api/failures.ts';
import { invalidate, useApi } from '../api/hooks.ts';
import { getSession } from '../api/session.ts';
import { idOf } from '../format/words.ts';
import { Btn } from '../ui/Bits.tsx';

const RELEASE = 'Core 22.3.0';
const DISMISSED = 'console.announcement.core-22.3.0.dismissed';

function dismissedParams(): { user_id: string; key: string } {
  return { user_id: idOf(getSession()?.userHref ?? ''), key: DISMISSED };
}

/** Only where the upgrade gave the organization its ruleset, and to those who may see rulesets. */
export function Announcement() {
  const ruleSets = useApi('rule_sets.list', {
    params: { pversion: 'draft' },
    query: { name: UPGRADE_RULESET },
  });
  const ruleSet = ruleSets.data?.items.find(({ name }) => name === UPGRADE_RULESET);
  return ruleSet === undefined ? null : <Banner id={idOf(ruleSet.href)} />;
}

function Banner({ id }: { readonly id: string }) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const dismissal = useApi(
    'kvpair.get',
    { params: dismissedParams() },
    { staleTime: Number.POSITIVE_INFINITY },
  );
  // whoever has not dismissed it has no such value
  if (dismissal.data !== undefined || statusOf(dismissal.error) !== 404) return null;
  async function dismiss(): Promise<void> {
    setBusy(true);
    try {
      await api().call('kvpair.update', { params: dismissedParams(), body: true });
      await invalidate('kvpair');
    } catch (error) {
      notifications.show({ color: 'red', message: messageOf(error) });
      setBusy(false);
    }
  }
  const link = (
    <Link to="/rulesets/$id" params={{ id }} onClick={() => setOpen(false)}>
      {UPGRADE_RULESET}
    </Link>
  );
  return (
    <div className="notice info announcement" role="region" aria-label="Announcement">
      <IconSpeakerphone size={16} stroke={1.5} className="i" aria-hidden />
      <div className="grow">
        <b className="b">{RELEASE} is released.</b>{' '}
        <Btn kind="link" small onClick={() => setOpen(true)}>
          See What's New!
        </Btn>{' '}
        <span className="t2">Your endpoints from before it have the ruleset</span> {link}.
      </div>
      <button
        type="button"
        className="icb sm"
        aria-label="Dismiss announcement"
        title="Dismiss"
        disabled={busy}
        onClick={() => void dismiss()}
      >
        <IconX size={16} stroke={1.5} aria-hidden />
      </button>
      {open ? (
        <Modal opened onClose={() => setOpen(false)} title={`What's new in ${RELEASE}`} size="lg">
          <ul className="col g8" style={{ margin: 0, padding: 0 }}>
            <li>
              VEN 22.3.0 and later enforce policy on the external interfaces of endpoints too. Older
              ones manage corporate interfaces only.
            </li>
            <li>
              Rules and enforcement boundaries have a network profile: Corporate, Non-Corporate
              Networks (Endpoints Only), or All Networks.
            </li>
            <li>
              So that a VEN that becomes a newer one cuts nothing off, {link} allows all traffic on
              external interfaces of endpoints. Change or delete it when you have rules of your own.
            </li>
          </ul>
        </Modal>
      ) : null}
    </div>
  );
}
