/** Which hosts the chosen changes would reach, and which connections of the last day they would lose; worked out when asked. */
import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import type { ChangeSubset, ImpactWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { policyPortText } from '../../format/explanation.ts';
import { plural } from '../../format/numbers.ts';
import { workloadName } from '../../format/words.ts';
import { Age, Btn, Decision } from '../../ui/Bits.tsx';
import { ErrorNotice, Skeleton } from '../../ui/Notices.tsx';
import { ObjectLink } from '../../ui/Words.tsx';
import { writeQuestion } from '../check/question.ts';

type Details = NonNullable<ImpactWire['details']>;
type Lost = Details['connections'][number];
const HOSTS_SHOWN = 8;
const PORT_PROTOCOLS: readonly number[] = [6, 17, 132];

function End({ end }: { readonly end: Lost['src'] }) {
  if (end.workload === null) return <span className="addr">{end.ip}</span>;
  return <ObjectLink href={end.workload.href} name={workloadName(end.workload)} />;
}

function LostRow({ lost }: { readonly lost: Lost }) {
  const { src, dst, service } = lost;
  const question = {
    src_workload: src.workload?.href,
    src_ip: src.ip,
    dst_workload: dst.workload?.href,
    dst_ip: dst.ip,
    protocol: service.proto,
    port: PORT_PROTOCOLS.includes(service.proto) ? (service.port ?? undefined) : undefined,
    icmp_type: service.icmp_type ?? undefined,
  };
  return (
    <tr>
      <td>
        <End end={src} />
      </td>
      <td className="addr">
        {policyPortText({
          protocol: service.proto,
          port: service.port,
          to_port: null,
          icmp_type: service.icmp_type,
          icmp_code: service.icmp_code,
        })}
      </td>
      <td>
        <End end={dst} />
      </td>
      <td>
        <Decision decision={lost.to} />
      </td>
      <td className="r">
        <Age at={lost.last_detected} />
      </td>
      <td className="r">
        <Link to="/check" search={writeQuestion(question, 'draft')}>
          Check
        </Link>
      </td>
    </tr>
  );
}

function LostTable({ details }: { readonly details: Details }) {
  const more = details.connections_truncated ? ' There were more than are examined at once.' : '';
  if (details.connections_examined === 0)
    return <p className="t2">No connection of these hosts was seen in the last day.</p>;
  if (details.connections.length === 0)
    return (
      <p className="t2">
        {plural(details.connections_examined, 'connection')} of these hosts{' '}
        {details.connections_examined === 1 ? 'was' : 'were'} seen in the last day, and none would
        be lost.{more}
      </p>
    );
  return (
    <>
      <p className="t2">
        Of {plural(details.connections_examined, 'connection')} of these hosts that were seen in the
        last day, {details.connections.length.toLocaleString('en-US')} would be lost.
        {more}
      </p>
      <div className="tcard" style={{ overflowX: 'auto' }}>
        <table
          className="tbl"
          aria-label="Connections that would be lost"
          style={{ minWidth: 620 }}
        >
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">Service</th>
              <th scope="col">To</th>
              <th scope="col">Becomes</th>
              <th scope="col" className="r">
                Seen
              </th>
              <th scope="col">
                <span className="vh">Why</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {details.connections.map((lost, index) => (
              <LostRow key={index} lost={lost} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Hosts({ details }: { readonly details: Details }) {
  const shown = details.workloads.slice(0, HOSTS_SHOWN);
  const more = details.workloads.length - shown.length;
  return (
    <p className="words t2">
      {shown.map((host, index) => (
        <span key={host.href}>
          {index === 0 ? '' : ', '}
          <ObjectLink href={host.href} name={workloadName(host)} />
        </span>
      ))}
      {more > 0 || details.workloads_truncated ? ' and more' : ''}
    </p>
  );
}

function Impact({ subset }: { readonly subset: ChangeSubset | undefined }) {
  const query = useApi(
    'sec_policy.impact',
    {
      query: { details: true },
      body: subset === undefined ? {} : { change_subset: subset },
    },
    { staleTime: 0 },
  );
  const { data } = query;
  if (data === undefined || !query.isFetchedAfterMount)
    return query.error === null ? (
      <Skeleton rows={3} />
    ) : (
      <ErrorNotice error={query.error} what="the impact" onRetry={() => void query.refetch()} />
    );
  return (
    <section className="card" aria-label="Impact">
      <header>
        <h2>Impact</h2>
      </header>
      <div className="bd col g8">
        <p>
          <b className="b">
            {data.num_managed_workloads === 0
              ? 'No host gets new policy.'
              : `${plural(data.num_managed_workloads, 'host')} ${data.num_managed_workloads === 1 ? 'gets' : 'get'} new policy.`}
          </b>
        </p>
        {data.details === undefined ? null : (
          <>
            <Hosts details={data.details} />
            <LostTable details={data.details} />
          </>
        )}
      </div>
    </section>
  );
}

export function DraftImpact({
  subset,
  whole,
}: {
  readonly subset: ChangeSubset | undefined;
  /** False: the changes need others, and could not be provisioned as they are chosen. */
  readonly whole: boolean;
}) {
  const [shown, setShown] = useState(false);
  if (!whole) return null;
  if (shown) return <Impact key={JSON.stringify(subset)} subset={subset} />;
  return (
    <Btn small onClick={() => setShown(true)}>
      Show impact on hosts
    </Btn>
  );
}
