/** The workloads that are bound to a virtual service. Binding takes effect at once, so the service has to be provisioned first. */
import { useState } from 'react';
import { IconTrash } from '@tabler/icons-react';
import type { ServiceBindingWire, VirtualServiceWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { messageOf } from '../../api/failures.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { plural } from '../../format/numbers.ts';
import { idOf, workloadName } from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { ErrorNotice } from '../../ui/Notices.tsx';
import { WorkloadSelect } from '../../ui/WorkloadSelect.tsx';
import { ObjectLink } from '../../ui/Words.tsx';

const ALL = 10_000;
const reload = (): Promise<void> => invalidate('service_bindings', 'virtual_services');

async function bind(service: string, workload: string): Promise<void> {
  const [result] = await api().call('service_bindings.create', {
    body: [{ virtual_service: { href: service }, workload: { href: workload } }],
  });
  if (result?.status !== 'created') throw new Error(result?.message ?? 'It was not bound.');
  await reload();
}

function BindForm({
  service,
  bound,
}: {
  readonly service: string;
  readonly bound: ReadonlySet<string>;
}) {
  const [workload, setWorkload] = useState('');
  const [busy, setBusy] = useState(false);
  const [message, setMessage] = useState<string | null>(null);
  async function run(): Promise<void> {
    setBusy(true);
    setMessage(null);
    try {
      await bind(service, workload);
      setWorkload('');
    } catch (error) {
      setMessage(messageOf(error));
    }
    setBusy(false);
  }
  return (
    <div className="col g6">
      <div className="row">
        <div className="grow">
          <WorkloadSelect
            label="Workload to bind"
            value={workload}
            without={bound}
            onChange={(href) => {
              setWorkload(href);
              setMessage(null);
            }}
          />
        </div>
        <Btn busy={busy} disabled={workload === ''} onClick={() => void run()}>
          Bind
        </Btn>
      </div>
      {message === null ? null : (
        <p className="errt" role="alert">
          {message}
        </p>
      )}
    </div>
  );
}

export function Bindings({ service }: { readonly service: VirtualServiceWire }) {
  const [unbinding, setUnbinding] = useState<ServiceBindingWire | null>(null);
  const query = useApi('service_bindings.list', {
    query: { virtual_service: service.href, max_results: ALL },
  });
  const bindings = query.data?.items ?? [];
  const bound = new Set(bindings.map((one) => one.workload.href));
  const provisioned = service.update_type !== 'create';
  return (
    <section className="card" aria-label="Bound workloads">
      <header>
        <h2>Bound workloads</h2>
      </header>
      <div className="bd col g12">
        <p className="t2">
          {bindings.length === 0
            ? 'No workload offers this service.'
            : `${plural(bindings.length, 'workload')} ${bindings.length === 1 ? 'offers' : 'offer'} this service.`}{' '}
          Binding takes effect at once.
        </p>
        {query.error === null ? null : (
          <ErrorNotice error={query.error} what="bindings" onRetry={() => void query.refetch()} />
        )}
        <ul className="col g4">
          {bindings.map((one) => {
            const name = workloadName(one.workload);
            return (
              <li key={one.href} className="row">
                <span className="ell grow">
                  <ObjectLink href={one.workload.href} name={name} />
                </span>
                {one.caps.includes('write') ? (
                  <button
                    type="button"
                    className="icb sm"
                    aria-label={`Unbind ${name}`}
                    onClick={() => setUnbinding(one)}
                  >
                    <IconTrash size={16} stroke={1.5} aria-hidden />
                  </button>
                ) : null}
              </li>
            );
          })}
        </ul>
        {!provisioned ? (
          <p className="hint">Provision the virtual service before you bind workloads to it.</p>
        ) : service.caps.includes('write') ? (
          <BindForm service={service.href} bound={bound} />
        ) : null}
      </div>
      {unbinding === null ? null : (
        <Confirm
          title={`Unbind ${workloadName(unbinding.workload)}`}
          action="Unbind workload"
          danger
          onClose={() => setUnbinding(null)}
          onConfirm={async () => {
            await api().call('service_bindings.delete', { params: { id: idOf(unbinding.href) } });
            await reload();
          }}
        >
          Rules for {service.name} no longer reach it. That takes effect at once.
        </Confirm>
      )}
    </section>
  );
}
