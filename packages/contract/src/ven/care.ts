/** VEN protocol: what a VEN tells of itself beside its traffic: its state, its fitness, its identity. */
import { z } from 'zod';

/** Suspended: the host's own firewall filters, the VEN neither enforces nor reports (R-VEN-9). */
export const venStatusRequestSchema = z.object({
  status: z.enum(['active', 'suspended']).describe('How it turned out'),
});
export type VenStatusRequest = z.infer<typeof venStatusRequestSchema>;

/** `red`: enforcement would fail or harm; `yellow`: it works, but not in all respects; `green`: as it should be. */
export const QUALIFY_STATUSES = ['green', 'yellow', 'red'] as const;
export type QualifyStatus = (typeof QUALIFY_STATUSES)[number];

/** One check of the compatibility report (R-VEN-7). */
export const compatibilityCheckSchema = z.object({
  name: z.string().min(1).max(64).describe('Stable name of the check, such as `nf_tables`'),
  status: z.enum(QUALIFY_STATUSES).describe('How it turned out'),
  detail: z
    .string()
    .max(1024)
    .describe('What was found; for yellow and red also what is missing, such as nftables 1.0.9'),
});
export type CompatibilityCheck = z.infer<typeof compatibilityCheckSchema>;

export const compatibilityReportSchema = z.object({
  checks: z.array(compatibilityCheckSchema).min(1).max(64).describe('What was checked'),
});
export type CompatibilityReport = z.infer<typeof compatibilityReportSchema>;

/** Answer to a VEN that asks for its next token; the one that it asked with stays valid for a while. */
export const venTokenSchema = z.object({
  token: z.string().describe('The next bearer token; the PCE keeps only its hash, such as b64…'),
  previous_valid_seconds: z
    .number()
    .int()
    .describe('How long the token before is still accepted, such as 300'),
});
export type VenToken = z.infer<typeof venTokenSchema>;

/** Of a health warning that a VEN has about its host, such as a connection table that is nearly full. */
export const venWarningSchema = z.object({
  token: z.string().max(64).describe('Stable code, such as input_validation_error'),
  message: z
    .string()
    .max(1024)
    .describe('What is wrong, where, and what would be right, such as name: must not be empty'),
});
export type VenWarning = z.infer<typeof venWarningSchema>;

/** What a maintenance token says once its signature has been verified (R-VEN-6). */
export const maintenanceClaimSchema = z.object({
  purpose: z.literal('ven_maintenance'),
  ven_uuid: z.string().describe('Id of the VEN, such as 3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b'),
  /** ISO time after which it opens nothing. */
  expires_at: z.string().describe('When it ends'),
});
export type MaintenanceClaim = z.infer<typeof maintenanceClaimSchema>;

/** The worst of the checks; green for none. */
export function worstStatus(checks: readonly Pick<CompatibilityCheck, 'status'>[]): QualifyStatus {
  const has = (status: QualifyStatus): boolean => checks.some((check) => check.status === status);
  if (has('red')) return 'red';
  return has('yellow') ? 'yellow' : 'green';
}
