/** `explain` as the agent answers it: by the PCE, or by itself. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatExplain } from '../format-explain.ts';
import { startAgentHost, type AgentHost } from '../testing/agent-host.ts';
import {
  aHostPolicy,
  anExplanation,
  aPolicyContent,
  aWebRule,
  RULE_HREF,
} from '../testing/policies.ts';
import { until } from '../testing/until.ts';
import type { ExplainQuestion } from './explain.ts';

const OWN = '127.0.0.10';
const BOUNDARY = '/orgs/1/sec_policy/active/enforcement_boundaries/3';
let host: AgentHost;

beforeEach(async () => {
  host = await startAgentHost((pce) => {
    pce.policy = aPolicyContent({
      policy_version: 12,
      policy: aHostPolicy({
        rules: [aWebRule(), aWebRule({ action: 'deny', origin: { href: BOUNDARY, version: 5 } })],
      }),
    });
  });
  await until('the policy', () => host.applied() === 1);
});
afterEach(() => host.close());

function aQuestion(parts: Partial<ExplainQuestion> = {}): ExplainQuestion {
  return {
    source: '10.0.0.1',
    destination: OWN,
    protocol: 6,
    port: 443,
    icmpType: null,
    icmpCode: null,
    ...parts,
  };
}

test('the PCE answers, asked for the address by which the host is reached', async () => {
  host.pce.explanation = anExplanation();
  const answer = await host.agent.explain(aQuestion({ source: '127.0.0.1', destination: 'self' }));
  expect(answer).toEqual({ answered_by: 'pce', explanation: anExplanation() });
  expect(host.pce.questions).toEqual([
    { src_ip: '127.0.0.1', dst_ip: '127.0.0.1', protocol: 6, port: 443 },
  ]);
  expect(formatExplain(answer)).toBe(
    'By the active policy, version 7:\nblocked at db: no rule allows it\nadd 10.0.0.5 to "Office"\n',
  );
});

test('ICMP is asked for by its type', async () => {
  host.pce.explanation = anExplanation();
  await host.agent.explain(aQuestion({ protocol: 1, port: null, icmpType: 8 }));
  expect(host.pce.questions[0]).toEqual({
    src_ip: '10.0.0.1',
    dst_ip: OWN,
    protocol: 1,
    icmp_type: 8,
  });
});

test('what the PCE refuses to answer is refused with its words', async () => {
  await expect(host.agent.explain(aQuestion({ destination: '10.9.9.9' }))).rejects.toThrow(
    'No end is this host',
  );
});

describe('without the PCE the host answers for its own end, and says so', () => {
  beforeEach(() => host.pce.close());

  test('allowed, by name, href and version of what decides', async () => {
    const answer = await host.agent.explain(aQuestion());
    expect(answer).toMatchObject({
      answered_by: 'ven',
      policy_version: 12,
      ends: [
        {
          direction: 'inbound',
          decision: 'allowed',
          reason: 'rule',
          decided_by: [{ href: RULE_HREF, version: 1, name: 'Web from the office' }],
          rules: [{ href: RULE_HREF, version: 1, name: 'Web from the office' }],
          boundaries: [{ href: BOUNDARY, version: 5, name: null }],
          mode: 'full',
          interface: 'eth0',
          network_profile: 'corporate',
        },
      ],
    });
    const text = formatExplain(answer);
    expect(text).toContain('The PCE could not be asked: ');
    expect(text).toContain("It knows this host's end alone");
    expect(text).toContain('inbound: allowed by a rule');
    expect(text).toContain(`decided by Web from the office (${RULE_HREF}@1)`);
    expect(text).toContain(`boundary that denies it: ${BOUNDARY}@5`);
    expect(text).toContain('mode full, interface eth0, corporate network');
  });

  test('blocked by default, and essential traffic', async () => {
    const blocked = await host.agent.explain(aQuestion({ source: '10.0.0.5' }));
    expect(formatExplain(blocked)).toContain('inbound: blocked, as no rule allows it');
    const error = await host.agent.explain(aQuestion({ protocol: 1, port: null, icmpType: 3 }));
    expect(formatExplain(error)).toContain('inbound: allowed, as essential traffic (icmp errors)');
  });

  test('outbound', async () => {
    const answer = await host.agent.explain(aQuestion({ source: OWN, destination: '10.0.0.1' }));
    expect(formatExplain(answer)).toContain('outbound: blocked, as no rule allows it');
  });

  test('not for connections of others', async () => {
    await expect(
      host.agent.explain(aQuestion({ source: '10.0.0.1', destination: '10.0.0.2' })),
    ).rejects.toThrow(/neither 10\.0\.0\.1 nor 10\.0\.0\.2 is an address of this host/);
  });
});
