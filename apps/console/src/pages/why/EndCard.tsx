/** One end of a connection: who it is, and what it says by itself. */
import { useState } from 'react';
import type { ExplanationWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import {
  endName,
  noSayText,
  precedenceText,
  PROFILE_NAMES,
  type DecidedEnd,
  type ExplainedEnd,
} from '../../format/explanation.ts';
import { DECISION_NAMES, idOf } from '../../format/words.ts';
import { Btn, DECISION_CLASS, DecisionMark, Enforcement, NetworkMark } from '../../ui/Bits.tsx';
import { Chips } from '../../ui/Chips.tsx';
import { ObjectLink } from '../../ui/Words.tsx';
import { Statement } from './Statement.tsx';

/** Statements shown before one asks for the rest. */
const SHOWN = 2;

function Labels({ href }: { readonly href: string }) {
  const workload = useApi('workloads.get', { params: { id: idOf(href) } }).data;
  if (workload === undefined) return null;
  if (workload.labels.length === 0) return <span className="t3 sm">No labels</span>;
  return <Chips labels={workload.labels} />;
}

function Verdict({ end, role }: { readonly end: DecidedEnd; readonly role: EndCardProps['role'] }) {
  const [all, setAll] = useState(false);
  const statements = [
    ...end.boundaries.map((statement) => ({ statement, what: 'boundary' as const })),
    ...end.rules.map((statement) => ({ statement, what: 'rule' as const })),
  ];
  const more = statements.length - SHOWN;
  return (
    <>
      <div className={`dec ${DECISION_CLASS[end.decision]}`}>
        <DecisionMark decision={end.decision} />
        {role === 'consumer' ? 'Outbound' : 'Inbound'} {DECISION_NAMES[end.decision].toLowerCase()}
      </div>
      <div className="t2 sm">{precedenceText(end)}</div>
      {(all ? statements : statements.slice(0, SHOWN)).map(({ statement, what }) => (
        <Statement
          key={`${statement.href} ${statement.scope?.index ?? ''}`}
          statement={statement}
          what={what}
        />
      ))}
      {all || more <= 0 ? null : (
        <Btn kind="link" small onClick={() => setAll(true)}>
          Show {more} more
        </Btn>
      )}
    </>
  );
}

export interface EndCardProps {
  readonly role: 'consumer' | 'provider';
  readonly end: ExplainedEnd;
  readonly connection: ExplanationWire['connection']['source'];
  /** Said of an address that is no workload's. */
  readonly note?: string | undefined;
}

export function EndCard({ role, end, connection, note }: EndCardProps) {
  const name = endName(end, connection);
  const interfaceName = end.interface_name ?? connection.interface_name;
  return (
    <section className="end-card" aria-label={role === 'consumer' ? 'Consumer' : 'Provider'}>
      <div className="up col g6">
        <div className="row">
          {end.workload === null ? (
            <b className="ell">{name}</b>
          ) : (
            <b className="ell">
              <ObjectLink href={end.workload.href} name={end.workload.name}>
                {name}
              </ObjectLink>
            </b>
          )}
          <span className="t3">{role}</span>
          <span className="grow" />
          {end.kind === 'decided' ? <Enforcement mode={end.mode} /> : null}
        </div>
        {end.workload === null ? (
          note === undefined ? null : (
            <span className="t3 sm">{note}</span>
          )
        ) : (
          <Labels href={end.workload.href} />
        )}
        <div className="row wrap">
          <span className="addr">
            {interfaceName === null
              ? connection.address
              : `${interfaceName}: ${connection.address}`}
          </span>
          {end.kind === 'decided' ? (
            <NetworkMark name={PROFILE_NAMES[end.network_profile]} word />
          ) : null}
        </div>
      </div>
      <div className={`vd col g6 ${end.kind === 'decided' ? DECISION_CLASS[end.decision] : ''}`}>
        {end.kind === 'decided' ? (
          <Verdict end={end} role={role} />
        ) : (
          <span className="t2">{noSayText(end.why)}</span>
        )}
      </div>
    </section>
  );
}
