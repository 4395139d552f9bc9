/** The policy of this host as data: read from signed documents, moved by deltas. */
import { createPublicKey, verify } from 'node:crypto';
import {
  policyContentSchema,
  policyDeltaContentSchema,
  type PolicyContent,
  type PolicyDeltaContent,
  type PolicyDocument,
} from '@bulkhead/contract';
import type { AddressSet, AddressSetDelta } from '@bulkhead/policy';
import type { z } from 'zod';

/** A document that is not what the PCE signed, or not a policy. */
export class PolicyDocumentError extends Error {
  override readonly name = 'PolicyDocumentError';
}

function openDocument<Schema extends z.ZodType>(
  document: PolicyDocument,
  publicKeyPem: string,
  schema: Schema,
): z.output<Schema> {
  const key = createPublicKey(publicKeyPem);
  const signature = Buffer.from(document.signature, 'base64');
  if (!verify(null, Buffer.from(document.content, 'utf8'), key, signature)) {
    throw new PolicyDocumentError(
      'the signature of the policy is not the PCE’s; it was not applied',
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(document.content);
  } catch (error) {
    throw new PolicyDocumentError('the policy is not JSON', { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new PolicyDocumentError(
    `the policy is not understood: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}

/** A whole policy. Throws PolicyDocumentError. */
export function openPolicy(document: PolicyDocument, publicKeyPem: string): PolicyContent {
  return openDocument(document, publicKeyPem, policyContentSchema);
}

/** A delta. Throws PolicyDocumentError. */
export function openDelta(document: PolicyDocument, publicKeyPem: string): PolicyDeltaContent {
  return openDocument(document, publicKeyPem, policyDeltaContentSchema);
}

/** Whether a delta begins at this policy; else the whole must be asked for. */
export function continues(policy: PolicyContent, delta: PolicyDeltaContent): boolean {
  return policy.version === delta.from;
}

/** The policy after a delta that continues it. */
export function moveByDelta(policy: PolicyContent, delta: PolicyDeltaContent): PolicyContent {
  const sets = new Map(policy.sets.map((set) => [set.id, set]));
  for (const change of delta.sets) {
    sets.set(change.id, moveSet(sets.get(change.id) ?? emptySet(change.id), change));
  }
  for (const id of delta.dropped_sets) sets.delete(id);
  const next = delta.policy ?? policy.policy;
  const hrefs = new Set([...next.rules, ...next.ipTablesRules].map(({ origin }) => origin.href));
  const names = { ...policy.rule_names, ...delta.rule_names };
  return {
    version: delta.to,
    policy_version: delta.policy_version,
    policy: next,
    sets: [...sets.values()],
    rule_names: Object.fromEntries(Object.entries(names).filter(([href]) => hrefs.has(href))),
  };
}

function emptySet(id: string): PolicyContent['sets'][number] {
  return { id, hosts: [], ranges: [] };
}

function moveSet(set: AddressSet, delta: AddressSetDelta): PolicyContent['sets'][number] {
  return {
    id: set.id,
    hosts: moveMembers(set.hosts, delta.removeHosts, delta.addHosts),
    ranges: moveMembers(set.ranges, delta.removeRanges, delta.addRanges),
  };
}

/** A few are looked for one by one: an index of 100,000 members costs more than ten searches. */
const FEW = 10;

function moveMembers(
  members: readonly string[],
  removed: readonly string[],
  added: readonly string[],
): string[] {
  const gone = new Set(removed);
  const kept = gone.size === 0 ? [...members] : members.filter((member) => !gone.has(member));
  const known = added.length > FEW ? new Set(kept) : null;
  const missing = added.filter((member) => !(known?.has(member) ?? kept.includes(member)));
  return kept.concat([...new Set(missing)]);
}
