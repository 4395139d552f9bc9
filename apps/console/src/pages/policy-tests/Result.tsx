/** What a policy test said, and for each connection that failed, why the policy decides it as it does. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import { IconCheck, IconMinus, IconSquareDashed } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { PolicyTestFailure, PolicyTestState, PolicyTestWire } from '@bulkhead/contract';
import { plural } from '../../format/numbers.ts';
import { STATE_NAMES } from '../../format/policy-tests.ts';
import { Btn, DecisionMark } from '../../ui/Bits.tsx';
import { writeQuestion } from '../check/question.ts';

const MARKS: Record<PolicyTestState, ReactNode> = {
  passed: <IconCheck size={14} aria-hidden />,
  failed: <DecisionMark decision="blocked" />,
  no_hosts: <IconSquareDashed size={14} aria-hidden />,
  not_run: <IconMinus size={14} aria-hidden />,
};
const CLASSES: Record<PolicyTestState, string> = {
  passed: 'row g6',
  failed: 'row g6 blocked-c',
  no_hosts: 'row g6 potential-c',
  not_run: 'row g6 t3',
};

export function TestState({ state }: { readonly state: PolicyTestState }) {
  return (
    <span className={CLASSES[state]}>
      {MARKS[state]}
      {STATE_NAMES[state]}
    </span>
  );
}

/** The same connection, asked of the policy by itself. */
function questionOf({ connection }: PolicyTestFailure, pversion: string) {
  const { from, to } = connection;
  return writeQuestion(
    {
      src_workload: from.workload ?? undefined,
      src_ip: from.address,
      dst_workload: to.workload ?? undefined,
      dst_ip: to.address,
      protocol: connection.proto,
      port: connection.port ?? undefined,
      icmp_type: connection.icmp_type ?? undefined,
    },
    pversion,
  );
}

function Failure({
  failure,
  pversion,
}: {
  readonly failure: PolicyTestFailure;
  readonly pversion: string;
}) {
  const [open, setOpen] = useState(false);
  return (
    <li className="near">
      <div className="row wrap">
        <b className="b">{failure.connection.text}</b>
        <span className="grow" />
        <Btn small aria-expanded={open} onClick={() => setOpen(!open)}>
          Why?
        </Btn>
        <Link className="btn sm" to="/check" search={questionOf(failure, pversion)}>
          Check this connection
        </Link>
      </div>
      <ul className="col g2" style={{ marginTop: 6 }}>
        {failure.differences.map((difference) => (
          <li key={difference} className="blocked-c">
            {difference}
          </li>
        ))}
      </ul>
      {open ? <pre className="code why-text">{failure.explanation.join('\n')}</pre> : null}
    </li>
  );
}

export function Result({
  result,
  pversion,
  most = Infinity,
}: {
  readonly result: PolicyTestWire['result'];
  /** The policy that it was held against: a number, `draft` or `active`. */
  readonly pversion: string;
  /** Failures to show. */
  readonly most?: number;
}) {
  const shown = result.failures.slice(0, most);
  const hidden = result.failed - shown.length;
  return (
    <div className="col g8">
      {result.message === null ? null : <p>{result.message}</p>}
      {result.checked === 0 ? null : (
        <p className="t2">
          {result.failed === 0
            ? `${plural(result.checked, 'connection')} held against the policy, and all agree.`
            : `${plural(result.failed, 'connection')} of ${result.checked.toLocaleString('en-US')} decided otherwise.`}
        </p>
      )}
      {shown.length === 0 ? null : (
        <ul className="col g8">
          {shown.map((failure) => (
            <Failure key={failure.connection.text} failure={failure} pversion={pversion} />
          ))}
        </ul>
      )}
      {hidden > 0 ? <p className="t3 sm">And {plural(hidden, 'more', 'more')}.</p> : null}
    </div>
  );
}
