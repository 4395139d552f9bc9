import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPolicyCore, describeExplanation } from '@bulkhead/policy';
import { afterAll, describe, expect, test } from 'vitest';
import { evaluateLoaded, loadFile } from './load.ts';

const SCENARIOS = join(import.meta.dirname, '../../scenarios');
const folder = mkdtempSync(join(tmpdir(), 'bulkhead-scenario-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function run(...args: readonly string[]) {
  const command = join(import.meta.dirname, 'main.ts');
  return spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
}

const SMALL = `name: Small
workloads:
  - { name: web, labels: { role: web }, addresses: [10.0.0.1] }
  - { name: db, labels: { role: db }, addresses: [10.0.0.2] }
rulesets:
  - name: R
    rules:
      - { name: query, providers: [role=db], consumers: [role=web], ingress_services: [tcp/5432] }
`;

describe('scenarios kept with the lab', () => {
  test.each(readdirSync(SCENARIOS))('%s holds', (name) => {
    const { faults, scenarios } = loadFile(join(SCENARIOS, name));
    expect(faults).toEqual([]);
    const outcomes = scenarios.map(evaluateLoaded);
    expect(outcomes.reduce((sum, { expectations }) => sum + expectations, 0)).toBeGreaterThan(0);
    expect(outcomes.flatMap(({ mismatches }) => mismatches)).toEqual([]);
  });
});

describe('what a scenario file may not say', () => {
  test.each([
    ['an unknown field', 'workloads: [{ name: a, adresses: [10.0.0.1] }]', 'workloads[0].adresses'],
    ['no addresses', 'workloads: [{ name: a }]', 'workloads[0]: needs addresses or interfaces'],
    [
      'a prefix length beyond the family',
      'workloads: [{ name: a, addresses: [10.0.0.1/33] }]',
      'workloads[0].addresses[0]: "10.0.0.1/33" is not an address',
    ],
    [
      'two hosts of one name',
      'workloads: [{ name: a, addresses: [10.0.0.1] }]\nexternal_hosts: [{ name: a, addresses: [10.0.0.2] }]',
      'external_hosts[0].name: a second host named "a"',
    ],
    [
      'a server with an external interface (R-NET-8)',
      'workloads: [{ name: a, interfaces: [{ name: e, addresses: [10.0.0.1], network_profile: external }] }]',
      'workloads[0].interfaces[0].network_profile: only endpoints have external interfaces',
    ],
    [
      'an undeclared label',
      'labels: { role: [web] }\nworkloads: [{ name: a, labels: { role: wbe }, addresses: [10.0.0.1] }]',
      'workloads[0].labels.role: label role=wbe is not in the list of labels',
    ],
    [
      'host bits in a prefix (FR-13)',
      'ip_lists: [{ name: n, ranges: [10.20.30.40/16] }]',
      'the network is 10.20.0.0/16',
    ],
    [
      'an exclusion outside the ranges',
      'ip_lists: [{ name: n, ranges: [10.0.0.0/8], exclusions: [192.0.2.1] }]',
      'ip_lists[0].exclusions[0]: 192.0.2.1 is outside',
    ],
    [
      'a port beyond the last (FR-11)',
      'services: [{ name: s, service_ports: [tcp/70000] }]',
      'services[0].service_ports[0]: "tcp/70000": ports are 1 to 65535',
    ],
    [
      'a port range that runs backwards (FR-11)',
      'services: [{ name: s, service_ports: [tcp/9000-8000] }]',
      'write 8000-9000',
    ],
    [
      'a group within itself',
      'label_groups: [{ name: g, key: k, sub_groups: [h] }, { name: h, key: k, sub_groups: [g] }]',
      'label_groups[0].sub_groups: a group within itself',
    ],
    [
      'a scope with one key twice',
      'rulesets: [{ name: r, scopes: [[a=b, a=c]], rules: [] }]',
      'rulesets[0].scopes[0][1]: a scope has one entry per key; a is there twice',
    ],
    [
      'a side without anybody',
      'rulesets: [{ name: r, rules: [{ providers: [], consumers: [ams] }] }]',
      'rulesets[0].rules[0].providers: must name somebody',
    ],
    [
      'IP lists on both sides',
      'rulesets: [{ name: r, rules: [{ providers: [{ ip_list: Any }], consumers: [{ ip_list: Any }] }] }]',
      'rule_needs_workload_side',
    ],
    [
      'non-corporate networks between workloads (R-POL-6)',
      'rulesets: [{ name: r, rules: [{ providers: [ams], consumers: [ams], network_type: all }] }]',
      'rulesets[0].rules[0].network_type: network_type_requires_ip_list_side',
    ],
    [
      'an expectation about nobody',
      'expect: [{ from: x, to: y, port: 1, decision: allowed }]',
      'expect[0].from: there is no host named "x"',
    ],
    [
      'a decision by no rule',
      'workloads: [{ name: a, addresses: [10.0.0.1] }]\nexpect: [{ from: a, to: a, port: 1, decision: allowed, inbound: { by: z } }]',
      'expect[0].inbound.by: there is no rule or boundary named "z"',
    ],
    ['text that is no YAML', 'workloads: [', 'file: '],
  ])('%s', (_, text, fault) => {
    const file = written('fault.yaml', `name: Fault\n${text}\n`);
    const { faults, scenarios } = loadFile(file);
    expect(scenarios).toEqual([]);
    expect(faults.join('\n')).toContain(fault);
    for (const line of faults) expect(line).toMatch(/^\/.*fault\.yaml:\d+: \S+: ./);
  });

  test('names the line of each fault, in documents and in lines', () => {
    const bad = 'external_hosts:\n  - name: h\n    addresses: [10.0.0.999]\n';
    const yaml = written('lines.yaml', `name: One\n---\nname: Two\n${bad}`);
    expect(loadFile(yaml).faults[0]).toContain('lines.yaml:6: external_hosts[0].addresses[0]: ');
    const jsonl = written('lines.jsonl', '{"name":"One"}\n\n{"name":"Two","extra":1}\n');
    expect(loadFile(jsonl).faults[0]).toContain('lines.jsonl:3: extra: ');
  });
});

describe('the scenario command', () => {
  test('holds: exit 0 and one line a file', () => {
    const file = written(
      'hold.yaml',
      `${SMALL}expect:\n  - { from: web, to: db, port: [5432, 5432], decision: allowed, by: query }\n`,
    );
    const { status, stdout } = run(file);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `${file}: 2 of 2 expectations hold\n`,
    });
  });

  test('does not hold: exit 1, with the connection and why', () => {
    const file = written(
      'not.yaml',
      `${SMALL}expect:\n  - { from: web, to: db, port: 22, decision: allowed, by: query, note: ssh }\n`,
    );
    const plain = run(file);
    expect(plain.status).toBe(1);
    expect(plain.stdout).toContain('not.yaml:10: Small');
    expect(plain.stdout).toContain('web (10.0.0.1) -> db (10.0.0.2) tcp/22');
    expect(plain.stdout).toContain(
      '\n    note: ssh\n    TCP 22 from web (10.0.0.1) to db (10.0.0.2): blocked\n',
    );
    const json = run('--json', file);
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      file,
      scenarios: 1,
      expectations: 1,
      hold: 0,
      not_sent: 0,
      mismatches: [{ scenario: 'Small', line: 10, index: 0, expected: 'allowed by query' }],
    });
  });

  test('explains a mismatch as the API does: the same lines, in text and in JSON', () => {
    const file = written(
      'explained.yaml',
      `${SMALL}expect:\n  - { from: web, to: db, port: 22, decision: allowed }\n`,
    );
    const asked = loadFile(file).scenarios[0];
    const connection = asked?.asked[0]?.connection;
    if (asked === undefined || connection === undefined) throw new Error('nothing is asked');
    const core = createPolicyCore(asked.translation.model);
    const lines = describeExplanation(core.explain(connection));
    const nearest = 'nearest rule "query" (rule:query), draft of ruleset "R", scope 1 (everything)';
    expect(lines).toContain(`    ${nearest}: 1 condition fails`);
    const json = JSON.parse(run('--json', file).stdout) as {
      mismatches: { explanation: string[] }[];
    };
    expect(json.mismatches[0]?.explanation.slice(-lines.length)).toEqual(lines);
    expect(run(file).stdout).toContain(lines.map((line) => `    ${line}\n`).join(''));
  });

  test('a faulty file: exit 2 and nothing is evaluated, also of the other files', () => {
    const good = written('good.yaml', SMALL);
    const faulty = written('faulty.json', '{"name": ""}');
    const { status, stdout, stderr } = run(good, faulty);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^\/.*faulty\.json:1: name: /);
  });

  test('a file without expectations holds, 0 of 0', () => {
    const { status, stdout } = run(written('empty.yaml', 'name: Nothing asked\n'));
    expect({ status, tail: stdout.split(': ')[1] }).toEqual({
      status: 0,
      tail: '0 of 0 expectations hold\n',
    });
  });

  test.each([['--no-such-option'], ['/nowhere/at/all.yaml']])('%s: exit 2', (argument) => {
    const { status, stderr } = run(argument);
    expect(status).toBe(2);
    expect(stderr).toContain(argument);
  });
});
