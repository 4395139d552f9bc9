/** The draft becomes what a version was. Nothing is active by that before it is provisioned. */
import { useState } from 'react';
import { Modal } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { RestoredWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidate } from '../../api/hooks.ts';
import { plural } from '../../format/numbers.ts';
import { Btn } from '../../ui/Bits.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { PENDING_TYPES, useDraft } from './pending.ts';

const SHOWN = 20;

/** What came of it: how many objects differ, and what could not come back. */
function Restored({
  restored,
  onClose,
}: {
  readonly restored: RestoredWire;
  readonly onClose: () => void;
}) {
  const changes = restored.restored.length;
  const left = restored.left_out;
  return (
    <Modal opened onClose={onClose} title={`The draft is version ${restored.version}`}>
      <div className="col g12">
        <p>
          {changes === 0
            ? 'The draft said the same already.'
            : `${plural(changes, 'object')} of the draft ${changes === 1 ? 'is' : 'are'} another one now.`}{' '}
          Hosts enforce it once you provision.
        </p>
        {left.length === 0 ? null : (
          <>
            <p>
              Left out, because what they named is deleted since. The policy says the same without
              them.
            </p>
            <ul className="col g4">
              {left.slice(0, SHOWN).map((one) => (
                <li key={one.href + one.message}>
                  <b className="b">{one.name}</b> <span className="t2">{one.message}</span>
                </li>
              ))}
            </ul>
            {left.length > SHOWN ? (
              <p className="t3">And {plural(left.length - SHOWN, 'more', 'more')}.</p>
            ) : null}
          </>
        )}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Btn onClick={onClose}>Close</Btn>
          <Link className="btn pri" to="/provision">
            Review the draft
          </Link>
        </div>
      </div>
    </Modal>
  );
}

export function RestoreVersion({ version }: { readonly version: number }) {
  const [asking, setAsking] = useState(false);
  const [restored, setRestored] = useState<RestoredWire | null>(null);
  const draft = useDraft();
  return (
    <>
      <Btn small onClick={() => setAsking(true)}>
        <IconHistory size={14} stroke={1.5} aria-hidden />
        Restore as draft
      </Btn>
      {asking ? (
        <Confirm
          title={`Restore version ${version}`}
          action={`Restore version ${version}`}
          danger={draft.count > 0}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            setRestored(
              await api().call('sec_policy.restore', {
                params: { pversion: String(version) },
                body: {},
              }),
            );
            await invalidate('sec_policy', ...PENDING_TYPES);
          }}
        >
          The draft becomes what this version was.
          {draft.count === 0
            ? ''
            : ` The ${plural(draft.count, 'draft change')} that there ${draft.count === 1 ? 'is' : 'are'} now are lost where they differ.`}{' '}
          Hosts do not notice before you provision.
        </Confirm>
      ) : null}
      {restored === null ? null : (
        <Restored restored={restored} onClose={() => setRestored(null)} />
      )}
    </>
  );
}
