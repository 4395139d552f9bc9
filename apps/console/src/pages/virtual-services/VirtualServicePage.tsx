import { useState } from 'react';
import { SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useNavigate, useParams } from '@tanstack/react-router';
import { APPLY_TO, type VirtualServiceWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidateDraft, useApi } from '../../api/hooks.ts';
import { useServices } from '../../api/lookups.ts';
import { oneOf } from '../../format/filters.ts';
import { idOf } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { DraftBadge } from '../../ui/Bits.tsx';
import { EditorPage } from '../../ui/EditorPage.tsx';
import { LabelFields } from '../../ui/LabelFields.tsx';
import { ErrorNotice, Row, Skeleton } from '../../ui/Notices.tsx';
import { useSave } from '../../ui/use-save.ts';
import { PendingBar } from '../provision/PendingBar.tsx';
import { Bindings } from './Bindings.tsx';
import {
  NEW_VIRTUAL_SERVICE,
  readForm,
  toForm,
  type FormErrors,
  type VirtualServiceForm,
} from './form.ts';

const APPLY_NAMES: Record<(typeof APPLY_TO)[number], string> = {
  host_only: 'Host only',
  internal_bridge_network: 'Internal bridge network',
};
const FIELDS = [
  'name',
  'description',
  'labels',
  'service_ports',
  'service_addresses',
  'service',
  'ip_overrides',
  'apply_to',
] as const;

interface FieldsProps {
  readonly form: VirtualServiceForm;
  readonly errors: FormErrors;
  readonly editable: boolean;
  readonly put: (changes: Partial<VirtualServiceForm>) => void;
}

function Offer({ form, errors, editable, put }: FieldsProps) {
  const services = useServices();
  return (
    <>
      <Row label="Offers">
        <SegmentedControl
          aria-label="Offers"
          disabled={!editable}
          value={form.by}
          onChange={(value) => put({ by: oneOf(value, ['service', 'ports']) ?? form.by })}
          data={[
            { value: 'service', label: 'A service' },
            { value: 'ports', label: 'Ports of its own' },
          ]}
        />
      </Row>
      {form.by === 'service' ? (
        <Row label="Service">
          <Select
            aria-label="Service"
            maw={420}
            searchable
            disabled={!editable}
            error={errors.service}
            nothingFoundMessage="No service is named like that."
            data={services.map((one) => ({ value: idOf(one.href), label: one.name }))}
            value={form.service === null ? null : idOf(form.service)}
            onChange={(id) =>
              put({ service: services.find((one) => idOf(one.href) === id)?.href ?? null })
            }
          />
        </Row>
      ) : (
        <Row label="Ports">
          <Textarea
            aria-label="Ports"
            placeholder="One a line: tcp/443, udp/5000-5010"
            maw={420}
            autosize
            minRows={2}
            classNames={{ input: 'mono' }}
            disabled={!editable}
            error={errors.service_ports}
            value={form.ports}
            onChange={(event) => put({ ports: event.currentTarget.value })}
          />
        </Row>
      )}
    </>
  );
}

function Fields(props: FieldsProps) {
  const { form, errors, editable, put } = props;
  const disabled = !editable;
  return (
    <div className="col g20">
      <section className="fsec">
        <h2>General</h2>
        <Row label="Name">
          <TextInput
            aria-label="Name"
            maw={420}
            disabled={disabled}
            error={errors.name}
            value={form.name}
            onChange={(event) => put({ name: event.currentTarget.value })}
          />
        </Row>
        <Row label="Description">
          <Textarea
            aria-label="Description"
            placeholder="Optional"
            maw={420}
            autosize
            minRows={1}
            disabled={disabled}
            error={errors.description}
            value={form.description}
            onChange={(event) => put({ description: event.currentTarget.value })}
          />
        </Row>
        <Row label="Labels">
          <fieldset className="plain" disabled={disabled} style={{ maxWidth: 620 }}>
            <LabelFields value={form.labels} onChange={(labels) => put({ labels })} />
            {errors.labels === undefined ? null : <p className="errt">{errors.labels}</p>}
          </fieldset>
        </Row>
      </section>
      <section className="fsec">
        <h2>Service</h2>
        <Offer {...props} />
        <Row label="Apply to">
          <Select
            aria-label="Apply to"
            maw={240}
            allowDeselect={false}
            disabled={disabled}
            error={errors.apply_to}
            data={APPLY_TO.map((value) => ({ value, label: APPLY_NAMES[value] }))}
            value={form.applyTo}
            onChange={(value) =>
              put({ applyTo: oneOf(value ?? undefined, APPLY_TO) ?? form.applyTo })
            }
          />
        </Row>
      </section>
      <section className="fsec">
        <h2>Addresses</h2>
        <Row label="Service addresses">
          <Textarea
            aria-label="Service addresses"
            description="Where consumers reach it besides, such as a load balancer. One a line: 10.1.2.3, 10.1.2.3:8443, shop.example.com."
            maw={420}
            autosize
            minRows={2}
            classNames={{ input: 'mono' }}
            disabled={disabled}
            error={errors.service_addresses}
            value={form.addresses}
            onChange={(event) => put({ addresses: event.currentTarget.value })}
          />
        </Row>
        <Row label="Local addresses">
          <Textarea
            aria-label="Local addresses"
            description="Addresses or CIDR blocks of the bound workloads that count in place of all that they have. One a line."
            maw={420}
            autosize
            minRows={2}
            classNames={{ input: 'mono' }}
            disabled={disabled}
            error={errors.ip_overrides}
            value={form.ipOverrides}
            onChange={(event) => put({ ipOverrides: event.currentTarget.value })}
          />
        </Row>
      </section>
    </div>
  );
}

function Editor({
  service,
  id,
}: {
  readonly service: VirtualServiceWire | null;
  readonly id: string;
}) {
  const navigate = useNavigate();
  const [initial] = useState(() => (service === null ? NEW_VIRTUAL_SERVICE : toForm(service)));
  const [form, setForm] = useState(initial);
  const [errors, setErrors] = useState<FormErrors>({});
  const [seen, setSeen] = useState(service?.updated_at);
  const params = { pversion: 'draft', id };
  const editable =
    service === null || (service.caps.includes('write') && service.update_type !== 'delete');
  const { busy, messages, save } = useSave({
    fields: FIELDS,
    byToken: { name_must_be_unique: 'name' },
    onFieldErrors: setErrors,
    onStale: async () => setSeen((await api().call('virtual_services.get', { params })).updated_at),
  });
  const back = (): Promise<void> => navigate({ to: '/virtual-services', ignoreBlocker: true });
  async function submit(): Promise<void> {
    const read = readForm(form, service);
    if (!read.ok) {
      setErrors(read.errors);
      return;
    }
    const { body } = read;
    const saved = await save(async () => {
      if (service === null)
        await api().call('virtual_services.create', { params: { pversion: 'draft' }, body });
      else
        await api().call('virtual_services.update', {
          params,
          query: { if_updated_at: seen },
          body,
        });
      await invalidateDraft('virtual_services');
    });
    if (saved) await back();
  }
  return (
    <main className="page">
      <EditorPage
        title={service === null ? 'New virtual service' : `Virtual Service - ${service.name}`}
        badges={<DraftBadge type={service?.update_type ?? null} />}
        purpose="Saving makes a draft; nothing is enforced until you provision."
        dirty={!busy && JSON.stringify(form) !== JSON.stringify(initial)}
        busy={busy}
        messages={messages}
        editable={editable}
        onSave={() => void submit()}
        onCancel={() => void navigate({ to: '/virtual-services' })}
        remove={
          service === null || !editable
            ? undefined
            : {
                one: 'virtual service',
                name: service.name,
                note: 'The deletion is a draft until you provision. One that rules name or workloads are bound to cannot be deleted; the PCE says by what it is used.',
                run: async () => {
                  await api().call('virtual_services.delete', { params });
                  await invalidateDraft('virtual_services');
                  await back();
                },
              }
        }
      >
        {service === null || service.warnings.length === 0 ? null : (
          <div className="col g4" style={{ marginBottom: 16 }}>
            {service.warnings.map((warning) => (
              <div key={warning.message} className="inline-w">
                <IconAlertTriangle size={14} aria-hidden />
                {warning.message}
              </div>
            ))}
          </div>
        )}
        <div className={service === null ? '' : 'grid2'}>
          <Fields
            form={form}
            errors={errors}
            editable={editable}
            put={(changes) => {
              setForm((now) => ({ ...now, ...changes }));
              setErrors({});
            }}
          />
          {service === null ? null : <Bindings service={service} />}
        </div>
      </EditorPage>
      <span className="grow" style={{ minHeight: 24 }} />
      <PendingBar />
    </main>
  );
}

export function VirtualServicePage() {
  const { id = 'new' } = useParams({ strict: false });
  const query = useApi(
    'virtual_services.get',
    { params: { pversion: 'draft', id } },
    { enabled: id !== 'new' },
  );
  const service = query.data;
  useCrumbs(
    { name: 'Policy Objects' },
    { name: 'Virtual Services', to: '/virtual-services' },
    { name: id === 'new' ? 'New' : (service?.name ?? 'Virtual service') },
  );
  if (id === 'new') return <Editor key="new" service={null} id="new" />;
  if (service !== undefined) return <Editor key={id} service={service} id={id} />;
  return (
    <main className="page">
      {query.error === null ? (
        <Skeleton />
      ) : (
        <ErrorNotice
          error={query.error}
          what="this virtual service"
          onRetry={() => void query.refetch()}
        />
      )}
    </main>
  );
}
