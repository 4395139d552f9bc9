/** What a person expects of one connection, and where a decision is not that. */
import type { DecidingRule, Decision, EndDecision } from '../decision.ts';
import type { PolicyDecision } from '../vocabulary.ts';

/** What one end is expected to say by itself. */
export interface EndExpectation {
  /** `none`: that end has no say. Absent: any. */
  readonly decision?: PolicyDecision | 'none' | undefined;
  /** Names that must all be among those that decide there. Absent: any. */
  readonly by?: readonly string[] | undefined;
}

export interface Expectation {
  /** Both ends taken together. */
  readonly decision: PolicyDecision;
  /**
   * Names of rules and boundaries, or `default`, `essential`, `ipv6_mode`: each must be among those that decide at an end whose
   * decision is the overall one. Undefined: any.
   */
  readonly by: readonly string[] | undefined;
  /** What the source by itself must say. Absent: anything. */
  readonly outbound?: EndExpectation | undefined;
  /** What the destination by itself must say. Absent: anything. */
  readonly inbound?: EndExpectation | undefined;
}

/** How the author of an expectation names a rule or boundary: its name, or its href where names are not unique. */
export type NameOfRule = (rule: DecidingRule) => string;

/** Names of what decides at an end: every rule that allows it, else every boundary that matches, else the reason itself. */
export function endDeciders(end: EndDecision, nameOf: NameOfRule): readonly string[] {
  if (end.reason === 'rule') return end.rules.map(nameOf);
  if (end.reason === 'boundary') return end.boundaries.map(nameOf);
  return [end.reason];
}

/** Names of what decides at the ends that agree with the overall decision; empty when nobody has a say. Each name once. */
export function decidersOf(decision: Decision, nameOf: NameOfRule): readonly string[] {
  const names = [decision.outbound, decision.inbound].flatMap((end) =>
    end?.decision === decision.decision ? endDeciders(end, nameOf) : [],
  );
  return [...new Set(names)];
}

/**
 * Where a decision is not what is expected, one sentence for each difference: the overall decision, what decides it, then each end.
 * Empty: the expectation holds.
 */
export function judgeDecision(
  expectation: Expectation,
  decision: Decision,
  nameOf: NameOfRule,
): readonly string[] {
  const deciders = decidersOf(decision, nameOf);
  return [
    ...judge('', expectation, { decision: decision.decision, deciders }),
    ...judgeEnd('outbound: ', expectation.outbound, decision.outbound, nameOf),
    ...judgeEnd('inbound: ', expectation.inbound, decision.inbound, nameOf),
  ];
}

function judgeEnd(
  where: string,
  expected: EndExpectation | undefined,
  end: EndDecision | null,
  nameOf: NameOfRule,
): string[] {
  if (expected === undefined) return [];
  return judge(where, expected, {
    decision: end?.decision ?? 'none',
    deciders: end === null ? [] : endDeciders(end, nameOf),
  });
}

function judge(
  where: string,
  expected: EndExpectation,
  got: { readonly decision: string; readonly deciders: readonly string[] },
): string[] {
  const by = got.deciders.length === 0 ? 'nobody' : got.deciders.join(', ');
  const missing = (expected.by ?? []).filter((name) => !got.deciders.includes(name));
  return [
    ...(expected.decision === undefined || expected.decision === got.decision
      ? []
      : [`${where}expected ${expected.decision}, got ${got.decision} by ${by}`]),
    ...(missing.length === 0 ? [] : [`${where}expected by ${missing.join(', ')}, got by ${by}`]),
  ];
}
