import process from 'node:process';
import {
  aBoundary,
  anIpList,
  aPolicy,
  aRule,
  aRuleSet,
  aWorkload,
  connection,
  connectionOf,
  named,
  policyModel,
  type Question,
} from '@bulkhead/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeExplanation } from './describe.ts';
import { explainConnection } from './explain.ts';
import { explained } from './testing/explained.ts';
import { modelLookup } from './testing/model-lookup.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
process.stdout.write(`explanations in words: FAST_CHECK_SEED=${SEED}\n`);

const { everybody, label, ipList } = named;

const LAPTOP = aWorkload('laptop', ['role=laptop', 'env=prod'], '10.1.0.7', {
  type: 'endpoint',
  osFamily: 'windows',
});
const DB = aWorkload('db', ['role=db', 'env=prod'], '10.0.0.9');

const POLICY = aPolicy({
  workloads: [LAPTOP, DB, aWorkload('scanner', [], '10.0.5.5', { enforcementMode: 'idle' })],
  ipLists: [anIpList('Any', ['0.0.0.0/0', '::/0'])],
  ruleSets: [
    aRuleSet(
      [
        {
          ...aRule('laptops-to-databases', {
            providers: [label('role=db')],
            consumers: [label('role=laptop')],
          }),
          name: 'laptops to databases',
        },
        aRule('helpdesk', {
          providers: [ipList('Any')],
          consumers: [everybody],
          consumingSecurityPrincipals: ['S-1-5-21-7'],
        }),
      ],
      { scopes: [[label('env=prod')]] },
    ),
  ],
  enforcementBoundaries: [
    {
      ...aBoundary('no-scanners', { providers: [label('role=db')], consumers: [everybody] }),
      name: 'no scanners',
    },
  ],
});

function askWhy(question: Question) {
  return explained(POLICY, connectionOf(POLICY, question));
}

test('a connection that passes: which rule lets it at each end, and through what', () => {
  const rule = [
    'rule "laptops to databases" (/rule_sets/1/sec_rules/laptops-to-databases), version 1 of ruleset "Access", scope 1 (env=prod)',
    '  consumers: laptop by labels role=laptop, env=prod (scope)',
    '  providers: db by labels role=db, env=prod (scope)',
    '  service: TCP 443',
    '  network profile: Corporate',
  ].map((line) => `    ${line}`);
  expect(describeExplanation(askWhy({ from: 'laptop', to: 'db' }))).toEqual([
    'TCP 443 from laptop (10.1.0.7) to db (10.0.0.9): allowed',
    '  outbound at laptop (eth0, corporate, full): allowed by a rule',
    ...rule,
    '    policy class: 1 workload, 3 lines',
    '  inbound at db (eth0, corporate, full): allowed by a rule',
    ...rule,
    '    boundary "no scanners" (/enforcement_boundaries/no-scanners), version 1',
    '      consumers: laptop by All Workloads',
    '      providers: db by labels role=db',
    '      service: TCP 443',
    '      network profile: Corporate',
    '    policy class: 1 workload, 3 lines',
  ]);
});

test('a connection that is blocked: by what, how near the nearest rule comes, and what would let it pass', () => {
  const question = { from: 'laptop', to: 'db', port: 22, source: { principals: ['S-1-5-21-9'] } };
  const nameOf = (sid: string) => (sid === 'S-1-5-21-7' ? 'Helpdesk' : sid);
  const nearest = [
    'nearest rule "laptops to databases" (/rule_sets/1/sec_rules/laptops-to-databases), version 1 of ruleset "Access", scope 1 (env=prod): 1 condition fails',
    '  service: asked TCP 22, the rule has TCP 443; add TCP 22 to rule "laptops to databases" (/rule_sets/1/sec_rules/laptops-to-databases)',
  ].map((line) => `    ${line}`);
  const newRule =
    '    or add a rule: consumers env=prod, role=laptop, providers env=prod, role=db, service TCP 22, Corporate';
  expect(describeExplanation(askWhy(question), nameOf)).toEqual([
    'TCP 22 from laptop (10.1.0.7) to db (10.0.0.9): blocked',
    '  outbound at laptop (eth0, corporate, full): blocked by default, no rule allows it and no boundary matches',
    ...nearest,
    '    nearest rule "helpdesk" (/rule_sets/1/sec_rules/helpdesk), version 1 of ruleset "Access", scope 1 (env=prod): 2 conditions fail',
    '      service: asked TCP 22, the rule has TCP 443; add TCP 22 to rule "helpdesk" (/rule_sets/1/sec_rules/helpdesk)',
    '      user groups: the rule is for Helpdesk, the user is in S-1-5-21-9; add S-1-5-21-9 to "helpdesk" (/rule_sets/1/sec_rules/helpdesk)',
    newRule,
    '    policy class: 1 workload, 3 lines',
    '  inbound at db (eth0, corporate, full): blocked by default, no rule allows it and no boundary matches',
    ...nearest,
    newRule,
    '    policy class: 1 workload, 3 lines',
  ]);
});

test('ends without a say', () => {
  expect(describeExplanation(askWhy({ from: 'scanner', to: '203.0.113.9' }))).toEqual([
    'TCP 443 from scanner (10.0.5.5) to 203.0.113.9: allowed',
    '  outbound at scanner: no say, its mode is idle',
    '  inbound: no say, it is no workload',
  ]);
});

test('whatever there is to say is said in words, and names each rule and boundary', () => {
  const asked = policyModel().chain((model) =>
    fc.record({
      model: fc.constant(model),
      connections: fc.array(connection(model), { minLength: 20, maxLength: 20 }),
    }),
  );
  fc.assert(
    fc.property(asked, ({ model, connections }) => {
      const find = modelLookup(model);
      for (const item of connections) {
        const explanation = explainConnection(item, find);
        const lines = describeExplanation(explanation);
        const { outbound, inbound } = explanation.decision;
        for (const { href } of [outbound, inbound].flatMap((end) => [
          ...(end?.rules ?? []),
          ...(end?.boundaries ?? []),
        ])) {
          expect(lines.some((line) => line.includes(href))).toBe(true);
        }
        expect(lines.filter((line) => /undefined|null|\[object|\n| {2}$|: *$/u.test(line))).toEqual(
          [],
        );
      }
    }),
    { seed: SEED, numRuns: 60 },
  );
});
