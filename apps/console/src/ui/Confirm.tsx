/** Confirmations name the thing and the number, and say what happens. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Modal } from '@mantine/core';
import { errorsOf } from '../api/failures.ts';
import { Btn } from './Bits.tsx';
import { FormErrors } from './Notices.tsx';

export interface ConfirmProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly action: string;
  readonly danger?: boolean;
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
}

/** Shown while mounted. Stays open with the server's reason when the action is refused. */
export function Confirm({
  title,
  children,
  action,
  danger = false,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  async function run(): Promise<void> {
    setBusy(true);
    setMessages([]);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setMessages(errorsOf(error).map((one) => one.message));
      setBusy(false);
    }
  }
  return (
    <Modal opened onClose={onClose} title={title}>
      <FormErrors messages={messages} />
      <div>{children}</div>
      <div className="row" style={{ justifyContent: 'flex-end', marginTop: 16 }}>
        <Btn onClick={onClose}>Cancel</Btn>
        <Btn kind={danger ? 'danger-fill' : 'primary'} busy={busy} onClick={() => void run()}>
          {action}
        </Btn>
      </div>
    </Modal>
  );
}
