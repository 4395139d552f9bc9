import { buildPlan } from '@bulkhead/enforcement';
import type { HostPolicy } from '@bulkhead/policy';
import { expect, test } from 'vitest';
import { aHostPolicy, aNamesRule, aPolicyContent, aWebRule } from '../testing/policies.ts';
import { describePolicy, formatPolicy } from './show-policy.ts';

function shown(
  parts: Partial<HostPolicy>,
  names: ReadonlyMap<string, readonly string[]> = new Map(),
) {
  const policy = aPolicyContent({ policy: aHostPolicy(parts) });
  const plan = buildPlan({
    policy: policy.policy,
    sets: new Map(policy.sets.map((set) => [set.id, set])),
    host: {
      interfaces: [],
      otherInterfaces: 'corporate',
      pce: [{ address: '203.0.113.1', port: 8443 }],
      resolvers: [],
      names,
    },
  });
  return formatPolicy(describePolicy({ policy, plan, appliedAt: '2026-11-25T00:00:00Z' }, names));
}

test('says how IPv6 and other firewalls are treated', () => {
  expect(shown({})).toContain('IPv6: by the rules  Other firewalls: none beside the VEN’s');
  expect(shown({ ipv6Mode: 'block_all', firewallCoexistence: 'secondary' })).toContain(
    'IPv6: all blocked but essential traffic  Other firewalls: the VEN’s decides besides',
  );
});

test('says for whose users a line is, and which program answers', () => {
  const service = { protocol: 6, port: 443, toPort: null, icmpType: null, icmpCode: null };
  const rule = aWebRule({
    direction: 'outbound',
    principals: ['S-1-5-21-1'],
    services: [{ ...service, process: '/usr/sbin/nginx' }],
  });
  expect(shown({ rules: [rule] })).toContain(
    'ALLOW outbound 443/TCP of /usr/sbin/nginx to 10.0.0.1, 10.0.0.2 for users of S-1-5-21-1 on corporate network',
  );
});

test('says what names in rules stand for now', () => {
  const rules = [aNamesRule(['*.example.com', 'www.example.org'])];
  const many = Array.from({ length: 10 }, (_, index) => `192.0.2.${index + 1}`);
  const text = shown(
    { rules },
    new Map([
      ['*.example.com', many],
      ['www.example.org', []],
    ]),
  );
  expect(text).toContain(
    'ALLOW outbound 443/TCP to *.example.com, www.example.org on all networks',
  );
  expect(text).toContain('NAME  *.example.com is 192.0.2.1, 192.0.2.2,');
  expect(text).toContain('192.0.2.8 and 2 more\n');
  expect(text).toContain('NAME  www.example.org is not resolved yet');
});

test('shows custom iptables rules, and their place', () => {
  const text = shown({
    ipTablesRules: [
      {
        ipVersion: 6,
        statements: [
          { table: 'filter', chain: 'INPUT', parameters: '-p tcp --dport 22 -j ACCEPT' },
        ],
        origin: { href: '/orgs/1/sec_policy/active/rule_sets/1/ip_tables_rules/2', version: 3 },
      },
    ],
  });
  expect(text).toContain(
    'before all others:\nip6tables -t filter -A INPUT -p tcp --dport 22 -j ACCEPT',
  );
  expect(text).toContain('by (/orgs/1/sec_policy/active/rule_sets/1/ip_tables_rules/2, version 3)');
});
