/** The tests that stop a provision, each with the connections that would be decided otherwise, and why. */
import { Link } from '@tanstack/react-router';
import type { ChangeSubset } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { idOf } from '../../format/words.ts';
import { ErrorNotice, Skeleton } from '../../ui/Notices.tsx';
import { Result } from './Result.tsx';

/** Failures of each test; its own page has more. */
const SHOWN = 3;

export function FailingTests({ subset }: { readonly subset: ChangeSubset | undefined }) {
  const query = useApi(
    'policy_tests.run',
    { body: { pversion: 'draft', ...(subset === undefined ? {} : { change_subset: subset }) } },
    { staleTime: 0 },
  );
  // what an earlier run said is of another draft
  if (query.data === undefined || !query.isFetchedAfterMount)
    return query.error === null ? (
      <Skeleton rows={3} />
    ) : (
      <ErrorNotice
        error={query.error}
        what="what the tests say"
        onRetry={() => void query.refetch()}
      />
    );
  return (
    <section className="card" aria-label="Failing policy tests">
      <header>
        <h2>Failing policy tests</h2>
      </header>
      <div className="bd col g16">
        {query.data.results
          .filter((one) => one.result.state === 'failed')
          .map((one) => (
            <div key={one.name} className="col g6">
              <h3>
                {one.href === null ? (
                  one.name
                ) : (
                  <Link to={`/policy-tests/${idOf(one.href)}`}>{one.name}</Link>
                )}
              </h3>
              <Result result={one.result} pversion="draft" most={SHOWN} />
            </div>
          ))}
      </div>
    </section>
  );
}
