/** Why the policy decides a connection as it does, at both ends, and what would let it pass. One card for flows and for questions. */
import type { ReactNode } from 'react';
import { notifications } from '@mantine/notifications';
import { IconCopy, IconX } from '@tabler/icons-react';
import type { ExplanationWire } from '@bulkhead/contract';
import { policyPortText, titleOf, versionText } from '../../format/explanation.ts';
import { Btn, DECISION_CLASS, DecisionMark } from '../../ui/Bits.tsx';
import { EndCard } from './EndCard.tsx';
import { WayOut } from './WayOut.tsx';

export interface ExplanationCardProps {
  readonly explanation: ExplanationWire;
  /** After the version, such as what a VEN reported. */
  readonly aside?: ReactNode;
  /** Above the service between the ends. */
  readonly program?: string | undefined;
  /** Below it, such as how often it was tried. */
  readonly tries?: ReactNode;
  readonly notes?: {
    readonly consumer?: string | undefined;
    readonly provider?: string | undefined;
  };
  readonly actions?: ReactNode;
  readonly onClose?: (() => void) | undefined;
}

function Arrow({ decision }: { readonly decision: ExplanationWire['decision'] }) {
  const dashes = { allowed: '', potentially_blocked: '7 4', blocked: '1 5' };
  return (
    <svg
      width="100"
      height="12"
      viewBox="0 0 100 12"
      aria-hidden="true"
      className={`dec ${DECISION_CLASS[decision]}`}
    >
      <path d="M0 6H92" stroke="currentColor" strokeWidth="2" strokeDasharray={dashes[decision]} />
      <path
        d={decision === 'blocked' ? 'M96 1V11' : 'M90 1 98 6 90 11'}
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
      />
    </svg>
  );
}

async function copyAsText(explanation: ExplanationWire): Promise<void> {
  const lines = [`${titleOf(explanation)} (${versionText(explanation)})`, ...explanation.text];
  await navigator.clipboard.writeText(lines.join('\n'));
  notifications.show({ message: 'Reason copied' });
}

export function ExplanationCard(props: ExplanationCardProps) {
  const { explanation } = props;
  const { connection, decision, ends } = explanation;
  return (
    <section className={`why ${DECISION_CLASS[decision]}`} aria-label="Why?">
      <div className="row wrap">
        <span className={`dec ${DECISION_CLASS[decision]}`}>
          <DecisionMark decision={decision} size={18} />
        </span>
        <h2>{titleOf(explanation)}</h2>
        <span className="t3 sm">by the {versionText(explanation)}</span>
        {props.aside}
        <span className="grow" />
        {props.actions}
        <Btn small kind="ghost" onClick={() => void copyAsText(explanation)}>
          <IconCopy size={14} aria-hidden />
          Copy as text
        </Btn>
        {props.onClose === undefined ? null : (
          <button type="button" className="icb sm" aria-label="Close" onClick={props.onClose}>
            <IconX size={16} aria-hidden />
          </button>
        )}
      </div>
      <div className="ends">
        <EndCard
          role="consumer"
          end={ends.outbound}
          connection={connection.source}
          note={props.notes?.consumer}
        />
        <div className="col g6" style={{ alignItems: 'center' }}>
          {props.program === undefined ? null : <span className="t3 sm">{props.program}</span>}
          <span className="addr">{policyPortText(connection)}</span>
          <Arrow decision={decision} />
          {props.tries}
        </div>
        <EndCard
          role="provider"
          end={ends.inbound}
          connection={connection.destination}
          note={props.notes?.provider}
        />
      </div>
      <WayOut explanation={explanation} />
    </section>
  );
}
