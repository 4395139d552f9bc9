/** The last policy on disk: a line with the SHA-256 of the rest, then the policy as JSON, so that damage is seen and never enforced. */
import { createHash } from 'node:crypto';
import { policyContentSchema, type PolicyContent } from '@bulkhead/contract';

/** The file is not what the VEN wrote. */
export class PolicyFileError extends Error {
  override readonly name = 'PolicyFileError';
}

export function renderPolicyFile(policy: PolicyContent): string {
  const text = JSON.stringify(policy);
  return `${digestOf(text)}\n${text}`;
}

/** Throws PolicyFileError. Files of releases before the digest, which begin with the JSON, are still read. */
export function parsePolicyFile(text: string): PolicyContent {
  const end = text.startsWith('{') ? -1 : text.indexOf('\n');
  const content = text.slice(end + 1);
  if (end !== -1 && text.slice(0, end) !== digestOf(content)) {
    throw new PolicyFileError('its content is not what was written: the digest differs');
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new PolicyFileError('it is not JSON', { cause: error });
  }
  const parsed = policyContentSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PolicyFileError(`it is no policy: ${parsed.error.issues[0]?.message ?? ''}`);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * What stands until the PCE has sent a policy again: nothing but the connection to it and what a network needs. Version 0 asks the
 * PCE for the whole.
 */
export const CLOSED_POLICY: PolicyContent = {
  version: 0,
  policy_version: 0,
  policy: {
    hash: 'closed',
    mode: 'full',
    visibility: 'flow_drops',
    blockedConnectionAction: 'drop',
    managesExternal: true,
    ipv6Mode: 'policy_based',
    firewallCoexistence: 'exclusive',
    ipTablesRules: [],
    rules: [],
  },
  sets: [],
  rule_names: {},
};
