import { z } from 'zod';

/** Who this VEN is to its PCE: what activation gave it. */
export const identitySchema = z.object({
  org_id: z.number().int(),
  ven_uuid: z.string(),
  token: z.string(),
  /** Absent until the token was renewed once: it is as old as the activation. */
  token_issued_at: z.string().optional(),
  /** What the system knew itself by when it was activated; another now: this is a copy. */
  machine_id: z.string().optional(),
  policy_public_key: z.string(),
  pce_fqdn: z.string(),
  heartbeat_seconds: z.number().int().min(1),
  activated_at: z.string(),
  /** SHA-256 of the pinned CA; null: the system's own trust. */
  ca_fingerprint: z.string().nullable(),
});
export type Identity = z.infer<typeof identitySchema>;
