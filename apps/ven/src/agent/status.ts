import { z } from 'zod';
import { reportedInterfaceSchema, venWarningSchema } from '@bulkhead/contract';
import { ENFORCEMENT_MODES } from '@bulkhead/policy';
import type { Enforced } from './policy-applier.ts';
import type { Activated } from './stored-client.ts';

/** What `illumio-ven-ctl status --json` prints of a running daemon. */
export const agentStatusSchema = z.object({
  activated: z.literal(true),
  ven_uuid: z.string(),
  ven_type: z.enum(['server', 'endpoint']),
  pce: z.string(),
  /** `refused`: the PCE answered that it does not know this VEN. */
  channel: z.enum(['open', 'closed', 'refused']),
  policy: z
    .object({
      version: z.number(),
      policy_version: z.number(),
      mode: z.enum(ENFORCEMENT_MODES),
      rules: z.number(),
      applied_at: z.string(),
    })
    .nullable(),
  /** The host's own firewall filters; nothing is enforced, reported or sent (R-VEN-9). */
  suspended: z.boolean(),
  last_failure: z.string().nullable(),
  warnings: z.array(venWarningSchema),
  interfaces: z.array(reportedInterfaceSchema),
  flows: z.object({ buffered: z.number(), dropped: z.number(), sent: z.number() }),
  uptime_seconds: z.number(),
  rss_bytes: z.number(),
  pid: z.number(),
});
export type AgentStatus = z.infer<typeof agentStatusSchema>;

/** Of a VEN that is suspended. */
export function suspendedStatus(
  { identity, settings }: Activated,
  uptimeSeconds: number,
): AgentStatus {
  return {
    activated: true,
    ven_uuid: identity.ven_uuid,
    ven_type: settings.endpoint ? 'endpoint' : 'server',
    pce: `${settings.managementServer}:${settings.port}`,
    channel: 'closed',
    policy: null,
    suspended: true,
    last_failure: null,
    warnings: [],
    interfaces: [],
    flows: { buffered: 0, dropped: 0, sent: 0 },
    uptime_seconds: uptimeSeconds,
    rss_bytes: process.memoryUsage().rss,
    pid: process.pid,
  };
}

/** Null: none has been applied yet. */
export function policyStatus(enforced: Enforced | null): AgentStatus['policy'] {
  if (enforced === null) return null;
  const { policy, appliedAt } = enforced;
  return {
    version: policy.version,
    policy_version: policy.policy_version,
    mode: policy.policy.mode,
    rules: policy.policy.rules.length,
    applied_at: appliedAt,
  };
}
