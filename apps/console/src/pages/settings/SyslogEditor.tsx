import { useState } from 'react';
import { Checkbox, Select, TextInput } from '@mantine/core';
import type { SyslogDestinationWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { oneOf } from '../../format/filters.ts';
import { idOf } from '../../format/words.ts';
import { ObjectDrawer } from '../objects/ObjectDrawer.tsx';
import { BundleField, EventFields, StatusSection, TestButton } from './SinkFields.tsx';
import {
  NEW_SYSLOG,
  syslogBody,
  syslogErrors,
  syslogForm,
  TRANSPORT_NAMES,
  TRANSPORTS,
  type FormErrors,
  type SyslogForm,
} from './sink-form.ts';

const FLOWS = [
  ['allowed', 'Allowed flows'],
  ['potentiallyBlocked', 'Potentially blocked flows'],
  ['blocked', 'Blocked flows'],
] as const;

export function SyslogEditor({
  sink,
  readOnly,
  onClose,
}: {
  readonly sink: SyslogDestinationWire | null;
  readonly readOnly: boolean;
  readonly onClose: () => void;
}) {
  const [form, setForm] = useState<SyslogForm>(() =>
    sink === null ? NEW_SYSLOG : syslogForm(sink),
  );
  const [errors, setErrors] = useState<FormErrors>({});
  const [seen, setSeen] = useState(sink?.updated_at);
  const params = { id: sink === null ? '' : idOf(sink.href) };
  const health = useApi('node.health').data;
  const pces = sink?.pce_scope ?? (health ?? []).map((cluster) => cluster.fqdn);
  const put = (changes: Partial<SyslogForm>): void => {
    setForm((now) => ({ ...now, ...changes }));
    setErrors({});
  };
  return (
    <ObjectDrawer
      title={sink === null ? 'New syslog destination' : 'Syslog destination'}
      fields={['description']}
      readOnly={readOnly}
      size={560}
      onClose={onClose}
      onFieldErrors={setErrors}
      check={() => {
        const found = syslogErrors(form);
        setErrors(found);
        return Object.keys(found).length === 0;
      }}
      onStale={async () =>
        setSeen((await api().call('syslog_destinations.get', { params })).updated_at)
      }
      save={async () => {
        const body = syslogBody(form, pces);
        if (sink === null) await api().call('syslog_destinations.create', { body });
        else
          await api().call('syslog_destinations.update', {
            params,
            query: { if_updated_at: seen },
            body,
          });
        await invalidate('settings');
      }}
    >
      {sink === null ? null : <StatusSection status={sink.status} />}
      {sink === null || readOnly ? null : (
        <TestButton send={() => api().call('syslog_destinations.test', { params })} />
      )}
      <TextInput
        label="Description"
        data-autofocus
        disabled={readOnly}
        value={form.description}
        error={errors['description']}
        onChange={(event) => put({ description: event.currentTarget.value })}
      />
      <Select
        label="Sent by"
        allowDeselect={false}
        disabled={readOnly}
        data={TRANSPORTS.map((value) => ({ value, label: TRANSPORT_NAMES[value] }))}
        value={form.transport}
        onChange={(text) => {
          const transport = oneOf(text ?? undefined, TRANSPORTS);
          if (transport !== undefined) put({ transport });
        }}
      />
      {form.transport === 'local' ? null : (
        <div className="row top-al">
          <TextInput
            label="Receiver"
            className="grow"
            placeholder="siem.example.com"
            disabled={readOnly}
            value={form.address}
            error={errors['address']}
            onChange={(event) => put({ address: event.currentTarget.value })}
          />
          <TextInput
            label="Port"
            w={110}
            disabled={readOnly}
            value={form.port}
            error={errors['port']}
            onChange={(event) => put({ port: event.currentTarget.value })}
          />
        </div>
      )}
      {form.transport === 'tls' ? (
        <>
          <Checkbox
            label="The receiver must prove its name by a certificate"
            disabled={readOnly}
            checked={form.verify}
            onChange={(event) => put({ verify: event.currentTarget.checked })}
          />
          <BundleField
            value={form.bundle}
            disabled={readOnly}
            error={errors['bundle']}
            onChange={(bundle) => put({ bundle })}
          />
        </>
      ) : null}
      <EventFields value={form.events} disabled={readOnly} onChange={(events) => put({ events })} />
      <div role="group" aria-label="Traffic and health" className="col g8">
        <b className="b">Traffic and health</b>
        {FLOWS.map(([member, label]) => (
          <Checkbox
            key={member}
            label={label}
            disabled={readOnly}
            checked={form[member]}
            onChange={(event) => put({ [member]: event.currentTarget.checked })}
          />
        ))}
        <Checkbox
          label="Health of the PCE, when it changes"
          disabled={readOnly}
          checked={form.health}
          onChange={(event) => put({ health: event.currentTarget.checked })}
        />
      </div>
    </ObjectDrawer>
  );
}
