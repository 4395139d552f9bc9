/** Leaving with unsaved changes asks first. */
import { Modal } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { Btn } from './Bits.tsx';

export function LeaveGuard({ dirty }: { readonly dirty: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: () => dirty,
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });
  if (blocker.status !== 'blocked') return null;
  return (
    <Modal opened onClose={blocker.reset} title="Leave without saving?">
      <p>What you typed on this page is not saved.</p>
      <div className="row" style={{ justifyContent: 'flex-end', marginTop: 16 }}>
        <Btn onClick={blocker.reset}>Keep editing</Btn>
        <Btn kind="danger" onClick={blocker.proceed}>
          Discard
        </Btn>
      </div>
    </Modal>
  );
}
