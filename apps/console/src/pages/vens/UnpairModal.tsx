import { useState } from 'react';
import { Modal, Radio } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { api } from '../../api/client.ts';
import { errorsOf } from '../../api/failures.ts';
import { invalidate } from '../../api/hooks.ts';
import { plural } from '../../format/numbers.ts';
import { FIREWALL_RESTORE_CHOICES } from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { FormErrors } from '../../ui/Notices.tsx';

export function UnpairModal({
  vens,
  onClose,
  onDone,
}: {
  readonly vens: readonly { readonly href: string; readonly name: string }[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const [restore, setRestore] =
    useState<(typeof FIREWALL_RESTORE_CHOICES)[number]['value']>('saved');
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  const only = vens.length === 1 ? vens[0]?.name : undefined;
  async function unpair(): Promise<void> {
    setBusy(true);
    setMessages([]);
    try {
      const answer = await api().call('vens.unpair', {
        body: { vens: vens.map((ven) => ({ href: ven.href })), firewall_restore: restore },
      });
      await invalidate('vens', 'workloads');
      if (answer.errors.length > 0) {
        setMessages(answer.errors.map((one) => one.message));
        setBusy(false);
        return;
      }
      notifications.show({ message: `${plural(vens.length, 'VEN')} unpaired` });
      onDone();
      onClose();
    } catch (error) {
      setMessages(errorsOf(error).map((one) => one.message));
      setBusy(false);
    }
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={only === undefined ? `Unpair ${plural(vens.length, 'VEN')}` : `Unpair ${only}`}
    >
      <FormErrors messages={messages} />
      <p className="t2" style={{ marginBottom: 12 }}>
        {vens.length === 1
          ? 'The VEN is removed. What should its firewall be left as?'
          : `${vens.length} VENs are removed. What should their firewalls be left as?`}
      </p>
      <Radio.Group
        aria-label="Firewall after unpairing"
        value={restore}
        onChange={(value) => {
          const found = FIREWALL_RESTORE_CHOICES.find((one) => one.value === value);
          if (found !== undefined) setRestore(found.value);
        }}
      >
        <div className="col g12">
          {FIREWALL_RESTORE_CHOICES.map((choice) => (
            <Radio
              key={choice.value}
              size="xs"
              value={choice.value}
              label={choice.label}
              description={choice.note}
            />
          ))}
        </div>
      </Radio.Group>
      <div className="row" style={{ justifyContent: 'flex-end', marginTop: 20 }}>
        <Btn onClick={onClose}>Cancel</Btn>
        <Btn
          kind="danger-fill"
          busy={busy}
          disabled={vens.length === 0}
          onClick={() => void unpair()}
        >
          {only === undefined ? `Unpair ${plural(vens.length, 'VEN')}` : 'Unpair'}
        </Btn>
      </div>
    </Modal>
  );
}
