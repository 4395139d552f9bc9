/** How many objects of a type an organization may have. */
import { sql } from 'kysely';
import { recordEvent } from '../audit/record-event.ts';
import type { Db, Tx } from '../db/database.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DomainError } from '../http/domain-error.ts';
import type { Actor } from '../http/routes.ts';
import { nounOf } from './nouns.ts';

interface Limit {
  /** Reaching it is an event. */
  readonly soft: number;
  /** More are refused. */
  readonly hard: number;
}

/** An organization may have others in the table `object_limits`. Far above what one PCE serves well, so that only runaways meet them. */
const LIMITS = {
  labels: { soft: 80_000, hard: 100_000 },
  label_dimensions: { soft: 18, hard: 20 },
  label_groups: { soft: 16_000, hard: 20_000 },
  ip_lists: { soft: 16_000, hard: 20_000 },
  services: { soft: 16_000, hard: 20_000 },
  rule_sets: { soft: 80_000, hard: 100_000 },
  enforcement_boundaries: { soft: 8000, hard: 10_000 },
  virtual_services: { soft: 40_000, hard: 50_000 },
  pairing_profiles: { soft: 8000, hard: 10_000 },
  security_principals: { soft: 80_000, hard: 100_000 },
  workloads: { soft: 1_200_000, hard: 1_500_000 },
} as const satisfies Record<string, Limit>;
export type LimitedType = keyof typeof LIMITS;

const DELETABLE: readonly LimitedType[] = ['labels', 'label_dimensions', 'workloads'];
const POLICY_OBJECTS: readonly LimitedType[] = [
  'label_groups',
  'ip_lists',
  'services',
  'rule_sets',
  'enforcement_boundaries',
  'virtual_services',
];

async function limitOf(db: Db, orgId: number, type: LimitedType): Promise<Limit> {
  const own = await db
    .selectFrom('object_limits')
    .select(['soft', 'hard'])
    .where('org_id', '=', orgId)
    .where('type', '=', type)
    .executeTakeFirst();
  return own ?? LIMITS[type];
}

async function countOf(db: Db, orgId: number, type: LimitedType): Promise<number> {
  const rows = POLICY_OBJECTS.includes(type)
    ? sql`policy_objects WHERE org_id = ${orgId} AND type = ${type}`
    : DELETABLE.includes(type)
      ? sql`${sql.table(type)} WHERE org_id = ${orgId} AND NOT deleted`
      : sql`${sql.table(type)} WHERE org_id = ${orgId}`;
  const answer = await sql<{ count: number }>`SELECT count(*) AS count FROM ${rows}`.execute(db);
  return answer.rows[0]?.count ?? 0;
}

/** To be called before objects are made. Throws 406 when that would be more than there may be. */
export async function holdLimit(
  deps: Deps,
  context: Actor & { readonly db: Tx; readonly orgId: number },
  { type, adding = 1 }: { readonly type: LimitedType; readonly adding?: number },
): Promise<void> {
  const { db, orgId } = context;
  const limit = await limitOf(db, orgId, type);
  const before = await countOf(db, orgId, type);
  const after = before + adding;
  const exceeded = (kind: 'soft' | 'hard') => ({
    orgId,
    eventType: `${kind}_limit.exceeded`,
    severity: 'warning' as const,
    actor: context,
    notifications: [
      {
        type: `${kind}_limit.exceeded`,
        info: { object_type: type, count: after, soft_limit: limit.soft, hard_limit: limit.hard },
      },
    ],
  });
  if (after > limit.hard) {
    const message = `There may be ${limit.hard} of the type ${nounOf(type)} and there are ${before}; delete some that nothing uses`;
    // The refusal undoes what the request wrote; the event of it stays.
    await writeTransaction(deps.db, (trx) =>
      recordEvent(deps, trx, {
        ...exceeded('hard'),
        status: 'failure',
        httpStatus: 406,
        errors: [{ token: 'hard_limit_exceeded', message }],
      }),
    );
    throw new DomainError('hard_limit_exceeded', message);
  }
  if (before < limit.soft && after >= limit.soft)
    await recordEvent(deps, db, { ...exceeded('soft'), status: null });
}
