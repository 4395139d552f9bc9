/** Why the policy decides a connection as it does, at any version. */
import {
  explanationSchema,
  type ConnectionQuestion,
  type ExplanationWire,
} from '@bulkhead/contract';
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
  const { explanation, text, sizes } = answerOf(answer, 'explanation');
  const { decision, ...why } = explanation;
  return explanationSchema.parse({
    pversion: String(at),
    policy_version: policyVersion,
    ...Object(atVersion(wireOf(why), String(at))),
    decision: decision.decision,
    text,
    sizes,
  });
}
