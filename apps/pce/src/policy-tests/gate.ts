/** What policy tests say to a provision: all pass, somebody with the right passes over those that fail, or it does not happen. */
import { rolesAllow, type ApiError } from '@bulkhead/contract';
import { recordEvent } from '../audit/record-event.ts';
import type { PolicyTestOverride, Tx } from '../db/database.ts';
import type { Deps } from '../deps.ts';
import { DomainError, domainErrors } from '../http/domain-error.ts';
import type { Actor, ContextOf } from '../http/routes.ts';
import type { Trial } from '../provisioning/trial.ts';
import type { PolicyTests } from './policy-tests.ts';
import type { TestRun } from './run.ts';
import { failureOf, storeResults, testHref } from './store.ts';

/** Who provisions what, and by which request. */
export type ProvisionContext = Actor &
  Pick<ContextOf<'sec_policy.provision'>, 'db' | 'orgId' | 'caller' | 'body'>;

/** Failing tests that an answer names. */
const MAX_NAMED = 10;

export interface Passage {
  readonly runs: readonly TestRun[];
  /** Null when no test failed. */
  readonly override: PolicyTestOverride | null;
}

/** Runs the tests against what would become active. Throws `policy_test_failed` unless they pass or may be passed over. */
export async function requirePolicyTests(
  tests: PolicyTests,
  context: ProvisionContext,
  trial: Trial & { readonly version: number },
): Promise<Passage> {
  const { db, orgId, caller, body } = context;
  const wish = body.policy_test_override;
  if (wish !== undefined && !rolesAllow('override_tests', caller.roles))
    throw new DomainError(
      'forbidden',
      'Your role may not pass over policy tests; leave out policy_test_override, or ask an owner or administrator',
    );
  const runs = await tests.tryChanges(db, orgId, { ...trial, cause: 'provision' });
  const failed = runs.filter(({ result }) => result.state === 'failed');
  if (failed.length === 0) return { runs, override: null };
  if (wish === undefined) throw refusal(failed);
  const names = failed.map(({ row }) => row.name);
  return { runs, override: { reason: wish.reason, by: caller.href, failed: names } };
}

function refusal(failed: readonly TestRun[]): DomainError {
  const errors = failed.slice(0, MAX_NAMED).map(({ row, result }) => ({
    token: 'policy_test_failed' as const,
    message: `The policy test "${row.name}" fails, so nothing is provisioned: ${failureOf(result)}`,
    href: testHref(row),
  }));
  const [first, ...more] = errors;
  if (first === undefined) throw new Error('A refusal needs a test that failed');
  const rest = failed.length - errors.length;
  const others: ApiError[] =
    rest === 0 ? [] : [{ token: 'policy_test_failed', message: `${rest} more policy tests fail` }];
  return domainErrors([first, ...more, ...others]);
}

/** Stores what the tests said of the version that is active now, and that some were passed over. */
export async function recordPassage(
  deps: Deps,
  trx: Tx,
  { runs, override }: Passage,
  provisioned: {
    readonly context: ProvisionContext;
    readonly href: string;
    readonly version: number;
  },
): Promise<void> {
  const { context, href, version } = provisioned;
  await storeResults(deps, trx, runs, context);
  if (override === null) return;
  await recordEvent(deps, trx, {
    orgId: context.orgId,
    eventType: 'policy_test.override',
    severity: 'warning',
    actor: context,
    httpStatus: 201,
    info: { reason: override.reason, failed: override.failed },
    resourceChanges: [
      {
        type: 'sec_policy',
        href,
        naming: { version },
        changeType: 'create',
        changes: {
          policy_test_override: {
            before: null,
            after: { reason: override.reason, failed: override.failed },
          },
        },
      },
    ],
  });
}
