import { useMemo, useState } from 'react';
import { Textarea, TextInput } from '@mantine/core';
import type { ServiceWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidateDraft, useApiList } from '../../api/hooks.ts';
import { parsePort, portsText, type PortLike } from '../../format/services.ts';
import { idOf, protocolName } from '../../format/words.ts';
import { Age, DraftBadge } from '../../ui/Bits.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { useFilters } from '../../ui/Toolbar.tsx';
import { ObjectDrawer } from './ObjectDrawer.tsx';
import { listState, ObjectPage } from './ObjectPage.tsx';

const COLUMNS: readonly Column<ServiceWire>[] = [
  {
    id: 'name',
    header: 'Name',
    width: 280,
    cell: (service) => (
      <span className="nm">
        <b className="b ell">{service.name}</b>
        <DraftBadge type={service.update_type} />
      </span>
    ),
  },
  {
    id: 'ports',
    header: 'Ports',
    cell: (service) => <span className="addr">{portsText(service.service_ports ?? [])}</span>,
  },
  {
    id: 'at',
    header: 'Changed',
    width: 90,
    right: true,
    cell: (service) => <Age at={service.updated_at} />,
  },
];

function portLine(port: PortLike): string {
  const name = protocolName(port.proto ?? -1)
    .toLowerCase()
    .replace(/^ip /, '');
  const text = portsText([port]).replace(/^\S+ ?/, '');
  return port.port == null || port.port <= 0 ? name : `${name}/${text}`;
}

function ServiceEditor({
  service,
  onClose,
}: {
  readonly service: ServiceWire | null;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState(service?.name ?? '');
  const [text, setText] = useState((service?.service_ports ?? []).map(portLine).join('\n'));
  const [seen, setSeen] = useState(service?.updated_at);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const special = (service?.service_ports ?? []).some(
    (port) => port.proto === -1 || port.icmp_type != null,
  );
  const readOnly =
    service !== null &&
    (!service.caps.includes('write') || service.update_type === 'delete' || special);
  const params = { pversion: 'draft', id: service === null ? '' : idOf(service.href) };
  const lines = text
    .split(/[\n,]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const ports = lines.map(parsePort);
  const wrong = ports.find((port) => !port.ok);
  function portError(): string | null {
    if (wrong !== undefined && !wrong.ok) return wrong.message;
    return lines.length === 0 ? 'A service needs at least one port or protocol.' : null;
  }
  return (
    <ObjectDrawer
      title={service === null ? 'New service' : `${readOnly ? '' : 'Edit '}${service.name}`}
      fields={['name', 'service_ports']}
      byToken={{ name_must_be_unique: 'name' }}
      readOnly={readOnly}
      onClose={onClose}
      onFieldErrors={setErrors}
      check={() => {
        const port = portError();
        const found = {
          ...(name.trim() === '' ? { name: 'A service needs a name.' } : {}),
          ...(port === null ? {} : { service_ports: port }),
        };
        setErrors(found);
        return Object.keys(found).length === 0;
      }}
      onStale={async () => setSeen((await api().call('services.get', { params })).updated_at)}
      save={async () => {
        const body = {
          name: name.trim(),
          service_ports: ports.flatMap((port) => (port.ok ? [port.value] : [])),
        };
        if (service === null)
          await api().call('services.create', { params: { pversion: 'draft' }, body });
        else await api().call('services.update', { params, query: { if_updated_at: seen }, body });
        await invalidateDraft('services');
      }}
    >
      <TextInput
        label="Name"
        data-autofocus
        disabled={readOnly}
        value={name}
        error={errors['name']}
        onChange={(event) => {
          setName(event.currentTarget.value);
          setErrors({});
        }}
      />
      {readOnly ? (
        <p className="addr">{portsText(service?.service_ports ?? [])}</p>
      ) : (
        <Textarea
          label="Ports"
          description="One a line: tcp/443, udp/5000-5010, icmp."
          autosize
          minRows={3}
          maxRows={16}
          classNames={{ input: 'mono' }}
          value={text}
          error={errors['service_ports']}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setErrors({});
          }}
          onBlur={() => {
            if (text.trim() !== '') {
              const port = portError();
              setErrors((now) => ({ ...now, service_ports: port ?? '' }));
            }
          }}
        />
      )}
    </ObjectDrawer>
  );
}

export function ServicesPage() {
  const [search] = useFilters();
  const options = useMemo(
    () => ({ params: { pversion: 'draft' }, query: { query: search['q'] } }),
    [search],
  );
  const list = useApiList('services.list', options);
  return (
    <ObjectPage
      title="Services"
      one="service"
      purpose="Ports and protocols under a name."
      list={listState(list)}
      columns={COLUMNS}
      nameOf={(one) => one.name}
      hrefOf={(one) => one.href}
      canEdit={(one) => one.caps.includes('write') && one.update_type !== 'delete'}
      drafts
      empty="A service names what providers offer, such as HTTPS on TCP 443."
      editor={(one, close) => <ServiceEditor service={one} onClose={close} />}
      remove={async (one) => {
        await api().call('services.delete', { params: { pversion: 'draft', id: idOf(one.href) } });
        await invalidateDraft('services');
      }}
    />
  );
}
