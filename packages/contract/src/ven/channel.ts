/** VEN protocol: messages of the long-lived channel, a WebSocket at `/api/v2/ven/channel` with the VEN's bearer token. JSON text frames. */
import { z } from 'zod';
import { venWarningSchema } from './care.ts';
import { policyDocumentSchema } from './messages.ts';

/** VEN to PCE. */
export const venMessageSchema = z.discriminatedUnion('type', [
  /** First message: which policy state the VEN has (0: none). */
  z.object({
    type: z.literal('hello'),
    protocol: z.number().int(),
    boot_id: z.string().max(64),
    policy_version: z.number().int(),
    policy_hash: z.string().nullable(),
    machine_id: z.string().max(128).optional(),
  }),
  z.object({
    type: z.literal('heartbeat'),
    uptime_seconds: z.number(),
    policy_version: z.number().int(),
    /** All that is to be warned of now; absent: a VEN that does not tell. */
    warnings: z.array(venWarningSchema).max(32).optional(),
  }),
  /** Sent only after the kernel was read back and the policy is on disk. */
  z.object({
    type: z.literal('applied'),
    version: z.number().int(),
    hash: z.string(),
    applied_at: z.string(),
    rule_count: z.number().int(),
  }),
  z.object({
    type: z.literal('apply_failed'),
    version: z.number().int(),
    message: z.string().max(4096),
  }),
  /** Something foreign changed the VEN's firewall table and it was put back. */
  z.object({ type: z.literal('tampering'), detail: z.string().max(4096), reverted: z.boolean() }),
  z.object({ type: z.literal('error'), message: z.string().max(4096) }),
]);
export type VenMessage = z.infer<typeof venMessageSchema>;

/** PCE to VEN. */
export const pceMessageSchema = z.discriminatedUnion('type', [
  /** The whole policy: after hello when the VEN's state is not the current one. */
  z.object({ type: z.literal('policy'), document: policyDocumentSchema }),
  /** `document.content` is PolicyDeltaContent. */
  z.object({ type: z.literal('policy_delta'), document: policyDocumentSchema }),
  /** The VEN's state is the current one. */
  z.object({ type: z.literal('policy_current'), version: z.number().int() }),
  z.object({
    type: z.literal('unpair'),
    firewall_restore: z.enum(['saved', 'default', 'disable']),
  }),
  /** What the organization asks of its VENs; sent after hello and whenever it changes. */
  z.object({ type: z.literal('settings'), maintenance_token_required: z.boolean() }),
  /** To a copy of a paired machine: it is a workload of its own from now on, with this identity (R-VEN-8). */
  z.object({
    type: z.literal('reactivated'),
    ven_uuid: z.string(),
    token: z.string(),
  }),
  /** Stop and start again. */
  z.object({ type: z.literal('restart') }),
  /** Ask for a new network profile detection on every interface. */
  z.object({ type: z.literal('redetect') }),
  z.object({ type: z.literal('error'), message: z.string() }),
]);
export type PceMessage = z.infer<typeof pceMessageSchema>;
