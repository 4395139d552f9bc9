import { useRef, useState } from 'react';
import { Drawer, Switch, TextInput } from '@mantine/core';
import type { WebhookWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidate } from '../../api/hooks.ts';
import { idOf } from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { ObjectDrawer } from '../objects/ObjectDrawer.tsx';
import { BundleField, EventFields, StatusSection, TestButton } from './SinkFields.tsx';
import {
  NEW_WEBHOOK,
  webhookBody,
  webhookErrors,
  webhookForm,
  type FormErrors,
  type WebhookForm,
} from './sink-form.ts';

/** The secret is told once. */
function Secret({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  return (
    <Drawer opened onClose={onClose} title="Secret of the webhook" size={560}>
      <div className="col g16">
        <p>
          The receiver checks with it that events come from this PCE. It is shown this once; give it
          to the receiver now.
        </p>
        <code className="mono" data-testid="webhook-secret" style={{ overflowWrap: 'anywhere' }}>
          {secret}
        </code>
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Btn kind="primary" onClick={onClose}>
            Done
          </Btn>
        </div>
      </div>
    </Drawer>
  );
}

export function WebhookEditor({
  sink,
  readOnly,
  onClose,
}: {
  readonly sink: WebhookWire | null;
  readonly readOnly: boolean;
  readonly onClose: () => void;
}) {
  const [form, setForm] = useState<WebhookForm>(() =>
    sink === null ? NEW_WEBHOOK : webhookForm(sink),
  );
  const [errors, setErrors] = useState<FormErrors>({});
  const [seen, setSeen] = useState(sink?.updated_at);
  const [secret, setSecret] = useState<string>();
  const told = useRef(true);
  const params = { id: sink === null ? '' : idOf(sink.href) };
  const put = (changes: Partial<WebhookForm>): void => {
    setForm((now) => ({ ...now, ...changes }));
    setErrors({});
  };
  if (secret !== undefined) return <Secret secret={secret} onClose={onClose} />;
  return (
    <ObjectDrawer
      title={sink === null ? 'New webhook' : 'Webhook'}
      fields={['name', 'url']}
      readOnly={readOnly}
      size={560}
      // A new one stays to tell its secret.
      onClose={() => {
        if (told.current) onClose();
      }}
      onFieldErrors={setErrors}
      check={() => {
        const found = webhookErrors(form);
        setErrors(found);
        return Object.keys(found).length === 0;
      }}
      onStale={async () => setSeen((await api().call('webhooks.get', { params })).updated_at)}
      save={async () => {
        const body = webhookBody(form);
        if (sink === null) {
          const made = await api().call('webhooks.create', { body });
          told.current = false;
          setSecret(made.secret);
        } else
          await api().call('webhooks.update', { params, query: { if_updated_at: seen }, body });
        await invalidate('settings');
      }}
    >
      {sink === null ? null : <StatusSection status={sink.status} />}
      {sink === null || readOnly ? null : (
        <TestButton send={() => api().call('webhooks.test', { params })} />
      )}
      <TextInput
        label="Name"
        data-autofocus
        disabled={readOnly}
        value={form.name}
        error={errors['name']}
        onChange={(event) => put({ name: event.currentTarget.value })}
      />
      <TextInput
        label="Address"
        description="Events are posted to it as JSON, signed."
        disabled={readOnly}
        value={form.url}
        error={errors['url']}
        onChange={(event) => put({ url: event.currentTarget.value })}
      />
      <Switch
        size="sm"
        label={form.enabled ? 'Enabled' : 'Disabled: events wait'}
        aria-label="Enabled"
        disabled={readOnly}
        checked={form.enabled}
        onChange={(event) => put({ enabled: event.currentTarget.checked })}
      />
      <BundleField
        value={form.bundle}
        disabled={readOnly}
        error={errors['bundle']}
        onChange={(bundle) => put({ bundle })}
      />
      <EventFields value={form.events} disabled={readOnly} onChange={(events) => put({ events })} />
    </ObjectDrawer>
  );
}
