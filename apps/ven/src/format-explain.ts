import type { ExplainAnswer, LocalEnd } from './agent/explain.ts';

/** `explain` for people. */
export function formatExplain(answer: ExplainAnswer): string {
  if (answer.answered_by === 'pce') {
    const { policy_version: version, text } = answer.explanation;
    return [`By the active policy, version ${version}:`, ...text, ''].join('\n');
  }
  return [
    `The PCE could not be asked: ${answer.why_not_pce}`,
    `By the policy that this host has, version ${answer.policy_version}, applied ${answer.applied_at}. It knows this host's end alone:`,
    `the other end may block the connection besides, and what would let it pass is the PCE's to say.`,
    `${answer.source} -> ${answer.destination}`,
    ...answer.ends.flatMap(formatEnd),
    '',
  ].join('\n');
}

function formatEnd(end: LocalEnd): string[] {
  const where = end.interface ?? 'an interface that is not listed';
  const profile = end.network_profile === null ? '' : `, ${end.network_profile} network`;
  return [
    `${end.direction}: ${end.decision ?? 'left to the firewall of the host'}${because(end)}`,
    `  mode ${end.mode}, interface ${where}${profile}`,
    ...end.decided_by.map((rule) => `  decided by ${nameOf(rule)}`),
    ...end.rules.map((rule) => `  rule that allows it: ${nameOf(rule)}`),
    ...end.boundaries.map((boundary) => `  boundary that denies it: ${nameOf(boundary)}`),
  ];
}

function because({ decision, reason }: LocalEnd): string {
  if (decision === null || reason === null) return '';
  if (reason === 'rule' || reason === 'boundary') return ` by a ${reason}`;
  if (reason === 'default') return ', as no rule allows it';
  if (reason === 'ipv6_mode') return ', as all IPv6 is treated so';
  return `, as essential traffic (${reason.replaceAll('_', ' ')})`;
}

function nameOf({ name, href, version }: LocalEnd['rules'][number]): string {
  return name === null ? `${href}@${version}` : `${name} (${href}@${version})`;
}
