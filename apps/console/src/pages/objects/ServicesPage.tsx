import { useMemo, useState } from 'react';
import { SegmentedControl, Textarea, TextInput } from '@mantine/core';
import type { ServiceWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidateDraft, useApiList } from '../../api/hooks.ts';
import { parsePorts, portLine, portsText } from '../../format/services.ts';
import {
  EMPTY_PROGRAM,
  programText,
  programToRow,
  readPrograms,
  type ProgramRow,
} from '../../format/windows-services.ts';
import { idOf } from '../../format/words.ts';
import { Age, DraftBadge } from '../../ui/Bits.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { useFilters } from '../../ui/Toolbar.tsx';
import { ObjectDrawer } from './ObjectDrawer.tsx';
import { listState, ObjectPage } from './ObjectPage.tsx';
import { ProgramRows } from './ProgramRows.tsx';

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
    cell: (service) => (
      <span className="addr">
        {service.windows_services === undefined
          ? portsText(service.service_ports ?? [])
          : service.windows_services.map(programText).join('; ')}
      </span>
    ),
  },
  {
    id: 'at',
    header: 'Changed',
    width: 90,
    right: true,
    cell: (service) => <Age at={service.updated_at} />,
  },
];

type Kind = 'ports' | 'programs';
const NO_PORTS = 'A service needs at least one port or protocol.';
const NO_PROGRAMS = 'Name at least one program, Windows service or port.';

function ServiceEditor({
  service,
  onClose,
}: {
  readonly service: ServiceWire | null;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState(service?.name ?? '');
  const [kind, setKind] = useState<Kind>(
    service?.windows_services === undefined ? 'ports' : 'programs',
  );
  const [text, setText] = useState((service?.service_ports ?? []).map(portLine).join('\n'));
  const [rows, setRows] = useState<readonly ProgramRow[]>(() => {
    const stored = (service?.windows_services ?? []).map(programToRow);
    return stored.length === 0 ? [EMPTY_PROGRAM] : stored;
  });
  const [seen, setSeen] = useState(service?.updated_at);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const readOnly =
    service !== null && (!service.caps.includes('write') || service.update_type === 'delete');
  const params = { pversion: 'draft', id: service === null ? '' : idOf(service.href) };
  const ports = parsePorts(text);
  const programs = readPrograms(rows);
  function portError(): string | null {
    if (!ports.ok) return ports.message;
    return ports.value.length === 0 ? NO_PORTS : null;
  }
  function programError(): string | null {
    if (!programs.ok) return programs.message;
    return programs.value.length === 0 ? NO_PROGRAMS : null;
  }
  return (
    <ObjectDrawer
      title={service === null ? 'New service' : `${readOnly ? '' : 'Edit '}${service.name}`}
      fields={['name', 'service_ports', 'windows_services']}
      byToken={{ name_must_be_unique: 'name' }}
      readOnly={readOnly}
      onClose={onClose}
      onFieldErrors={setErrors}
      check={() => {
        const wrong = kind === 'ports' ? portError() : programError();
        const member = kind === 'ports' ? 'service_ports' : 'windows_services';
        const found = {
          ...(name.trim() === '' ? { name: 'A service needs a name.' } : {}),
          ...(wrong === null ? {} : { [member]: wrong }),
        };
        setErrors(found);
        return Object.keys(found).length === 0;
      }}
      onStale={async () => setSeen((await api().call('services.get', { params })).updated_at)}
      save={async () => {
        const body = {
          name: name.trim(),
          ...(kind === 'ports'
            ? { service_ports: ports.ok ? [...ports.value] : [] }
            : { windows_services: programs.ok ? programs.value : [] }),
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
      <SegmentedControl
        aria-label="What it names"
        disabled={readOnly}
        value={kind}
        onChange={(value) => {
          setKind(value === 'programs' ? 'programs' : 'ports');
          setErrors({});
        }}
        data={[
          { value: 'ports', label: 'Ports' },
          { value: 'programs', label: 'Windows programs' },
        ]}
      />
      {kind === 'programs' ? (
        <ProgramRows
          value={rows}
          error={errors['windows_services']}
          disabled={readOnly}
          onChange={(next) => {
            setRows(next);
            setErrors({});
          }}
        />
      ) : (
        <Textarea
          label="Ports"
          description="One a line: tcp/443, udp/5000-5010, icmp, icmp/8 for one type."
          autosize
          minRows={3}
          maxRows={16}
          disabled={readOnly}
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
      purpose="Ports and protocols, or Windows programs, under a name."
      list={listState(list)}
      columns={COLUMNS}
      nameOf={(one) => one.name}
      hrefOf={(one) => one.href}
      canEdit={(one) => one.caps.includes('write') && one.update_type !== 'delete'}
      drafts
      empty="A service names what providers offer, such as HTTPS on TCP 443."
      edit={(one, close) => <ServiceEditor service={one} onClose={close} />}
      remove={async (one) => {
        await api().call('services.delete', { params: { pversion: 'draft', id: idOf(one.href) } });
        await invalidateDraft('services');
      }}
    />
  );
}
