import { z } from 'zod';

export const agentConfigSchema = z.object({
  name: z.string(),
  /** Of this host alone, below the lab's data folder. */
  folder: z.string(),
  hosts: z.string(),
  resolvConf: z.string(),
  machineId: z.string(),
  tcp: z.array(z.number()),
  udp: z.array(z.number()),
});
export type AgentConfig = z.infer<typeof agentConfigSchema>;

export const probeSchema = z.object({
  protocol: z.enum(['tcp', 'udp', 'icmp']),
  address: z.string(),
  /** 0 for ICMP. */
  port: z.number(),
  timeoutMs: z.number(),
});
export type ProbeRequest = z.infer<typeof probeSchema>;

export const agentRequestSchema = z.object({ id: z.number(), probes: z.array(probeSchema) });

const probeResultSchema = z.object({
  outcome: z.enum(['passed', 'blocked']),
  /** What was seen: an answer, silence, or the error that the system gave. */
  detail: z.string(),
});
export type ProbeResult = z.infer<typeof probeResultSchema>;

export const agentAnswerSchema = z.object({
  id: z.number(),
  ready: z.literal(true).optional(),
  results: z.array(probeResultSchema).optional(),
});
