/** Why the policy decides a connection as it does, at any version. */
import {
  explanationSchema,
  type ConnectionQuestion,
  type ExplanationWire,
} from '@bulkhead/contract';
import { describeExplanation, type Explanation } from '@bulkhead/policy';
import type { Db } from '../db/database.ts';
import { latestVersion } from '../provisioning/versions.ts';
import type { PolicyAt } from '../provisioning/policy-model.ts';
import type { Compute } from './compute.ts';
import { connectionOf } from './connection.ts';
import { answerOf } from './protocol.ts';
import { atVersion, wireOf } from './wire.ts';

export interface Explained {
  readonly orgId: number;
  readonly at: PolicyAt;
  readonly question: ConnectionQuestion;
}

export async function explain(
  db: Db,
  compute: Compute,
  { orgId, at, question }: Explained,
): Promise<ExplanationWire> {
  const connection = await connectionOf(db, orgId, question);
  const policyVersion = typeof at === 'number' ? at : await latestVersion(db, orgId);
  const answer = await compute.ask(orgId, at, (core) => ({ type: 'explain', core, connection }));
  const { explanation, sizes } = answerOf(answer, 'explanation');
  const { decision, ...why } = atVersion(explanation, String(at));
  const groups = await groupNames(db, orgId, explanation);
  return explanationSchema.parse({
    pversion: String(at),
    policy_version: policyVersion,
    ...Object(wireOf(why)),
    decision: decision.decision,
    text: describeExplanation({ ...why, decision }, (sid) => groups.get(sid) ?? sid),
    sizes,
  });
}

/** Names of the user groups that an explanation speaks of, by SID. */
async function groupNames(
  db: Db,
  orgId: number,
  explanation: Explanation,
): Promise<ReadonlyMap<string, string>> {
  const sids = [...JSON.stringify(explanation).matchAll(/"(S-1-[\d-]+)"/g)].flatMap(
    ([, sid]) => sid ?? [],
  );
  if (sids.length === 0) return new Map();
  const rows = await db
    .selectFrom('security_principals')
    .select(['sid', 'name'])
    .where('org_id', '=', orgId)
    .where('sid', 'in', [...new Set(sids)])
    .execute();
  return new Map(rows.map((row) => [row.sid, row.name]));
}
