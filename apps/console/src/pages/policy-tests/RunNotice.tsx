/** That the page shows what the tests say of a policy now, and not what they said last. */
import { IconInfoCircle, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { PolicyTestRun } from '@bulkhead/contract';
import { formatDateTime } from '../../format/dates.ts';
import { plural } from '../../format/numbers.ts';
import { Btn } from '../../ui/Bits.tsx';
import { ErrorNotice } from '../../ui/Notices.tsx';

const POLICIES = { draft: 'the draft', active: 'the active policy' } as const;

function outcome(run: PolicyTestRun): string {
  const failed = run.results.filter((one) => one.result.state === 'failed').length;
  const all = plural(run.results.length, 'policy test');
  if (failed === 0) return `${all}, none fails.`;
  return `${all}, ${failed.toLocaleString('en-US')} ${failed === 1 ? 'fails' : 'fail'}.`;
}

export function RunNotice({
  pversion,
  run,
  at,
  busy,
  error,
  onAgain,
  onClose,
}: {
  readonly pversion: 'draft' | 'active';
  readonly run: PolicyTestRun | undefined;
  /** When it ran, in milliseconds. */
  readonly at: number;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}) {
  if (error !== null)
    return <ErrorNotice error={error} what="what the tests say" onRetry={onAgain} />;
  return (
    <div className="notice info" role="status" style={{ marginBottom: 12 }}>
      <IconInfoCircle size={16} className="i" aria-hidden />
      <div className="grow">
        {run === undefined ? (
          `The tests run against ${POLICIES[pversion]}.`
        ) : (
          <>
            <b className="b">{outcome(run)}</b> Run against {POLICIES[pversion]} on{' '}
            {formatDateTime(new Date(at).toISOString())}; nothing is stored.
            {pversion === 'draft' ? (
              <>
                {' '}
                <Link to="/provision">Review and provision</Link>
              </>
            ) : null}
          </>
        )}
      </div>
      <Btn small busy={busy} onClick={onAgain}>
        Run again
      </Btn>
      <button
        type="button"
        className="icb sm"
        aria-label="Show the last results"
        title="Show the last results"
        onClick={onClose}
      >
        <IconX size={16} aria-hidden />
      </button>
    </div>
  );
}
