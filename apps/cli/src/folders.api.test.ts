import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DRAFT, makeLabel, makeRuleSet } from '../../pce/src/testing/policy-client.ts';
import { filesOf, withCliWorld } from './testing/cli-world.ts';

const world = withCliWorld();

const SHOP = `# what the shop may do
labels:
  role: [web, db]
  env: [prod]
ip_lists:
  - name: Offices # all of them
    ip_ranges:
      - 192.0.2.0/24
      - { range: 192.0.2.7, exclusion: true, description: printer }
      - 198.51.100.1-198.51.100.9
    fqdns: ['*.example.com']
services:
  - name: Postgres
    service_ports: [tcp/5432, icmp/8]
label_groups:
  - { name: Tiers, key: role, labels: [web, db], sub_groups: [] }
virtual_services:
  - name: Front
    service_ports: [tcp/443]
    labels: [role=web]
user_groups:
  - { name: Admins, sid: S-1-5-21-1 }
rulesets:
  - name: Shop
    scopes:
      - [env=prod]
    rules:
      # the only way to the database
      - description: query
        providers: [role=db]
        consumers: [role=web]
        ingress_services: [Postgres, tcp/8000-8009]
      - providers: [ams]
        consumers: [{ ip_list: Offices }]
        ingress_services: [tcp/22]
      - providers: [{ virtual_service: Front }]
        consumers: [{ label_group: Tiers, exclusion: true }]
        user_groups: [Admins]
        unscoped_consumers: true
        resolve_labels_as: { providers: [virtual_services], consumers: [workloads] }
    ip_tables_rules:
      - ip_version: '4'
        statements: [{ table_name: filter, chain_name: INPUT, parameters: '-p 112 -j ACCEPT' }]
        actors: [role=web]
enforcement_boundaries:
  - name: No SSH
    providers: [ams]
    consumers: [{ ip_list: 'Any (0.0.0.0/0 and ::/0)' }]
    ingress_services: [tcp/22]
policy_tests:
  - name: web reaches the database
    from: [{ labels: [role=web] }]
    to: [{ labels: [role=db] }]
    ports: [5432]
    decision: allowed
    by: [Shop: query]
`.replace('[Shop: query]', "['Shop: query']");

describe('apply', () => {
  test('makes the draft what the folder says, and a second time changes nothing', async () => {
    const folder = await world().folder({ 'shop.yaml': SHOP });

    const first = await world().run('apply', folder);
    const second = await world().run('apply', folder);
    const plan = await world().run('plan', folder);

    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain('+ ruleset "Shop" is created');
    expect(second).toMatchObject({ code: 0 });
    expect(second.out).toContain('The draft was what the folder says.');
    expect(plan).toMatchObject({ code: 0, err: '' });
    const { items } = await world().client.call('rule_sets.list', { params: DRAFT });
    expect(items.map(({ name, update_type: type }) => [name, type])).toEqual([['Shop', 'create']]);
  });

  test('provisions with --provision, and what active policy used goes with a second version', async () => {
    const folder = await world().folder({ 'shop.yaml': SHOP });
    await world().run('apply', folder, '--provision', '--note', 'shop');
    await writeFile(
      join(folder, 'shop.yaml'),
      'rulesets: []\nip_lists: []\nservices: []\nvirtual_services: []\nlabel_groups: []\nenforcement_boundaries: []\n',
    );

    const draft = await world().run('apply', folder);
    const done = await world().run('apply', folder, '--provision', '--json');

    expect(draft.code).toBe(0);
    expect(draft.out).toContain('The service "Postgres" is still used by the active policy');
    expect(done.code).toBe(0);
    expect(done.json).toMatchObject({ waiting: [] });
    const { items } = await world().client.call('services.list', { params: DRAFT });
    expect(items.map(({ name }) => name)).toEqual(['All Services']);
  });

  test('a rule that stays keeps its href when another before it goes', async () => {
    const folder = await world().folder({ 'shop.yaml': SHOP });
    await world().run('apply', folder);
    const hrefs = async () => {
      const { items } = await world().client.call('rule_sets.list', { params: DRAFT });
      return items.flatMap(({ rules }) => rules.map(({ href }) => href));
    };
    const [, second, third] = await hrefs();
    await writeFile(
      join(folder, 'shop.yaml'),
      SHOP.replace(/ {6}- description: query[\s\S]*?\n(?= {6}- providers: \[ams\])/, ''),
    );

    expect((await world().run('apply', folder)).code).toBe(0);

    expect(await hrefs()).toEqual([second, third]);
  });

  test('takes back a deletion that was never provisioned', async () => {
    const folder = await world().folder({ 'shop.yaml': SHOP });
    await world().run('apply', folder, '--provision');
    const { items } = await world().client.call('enforcement_boundaries.list', { params: DRAFT });
    const id = items[0]?.href.split('/').at(-1) ?? '';
    await world().client.call('enforcement_boundaries.delete', { params: { ...DRAFT, id } });

    const applied = await world().run('apply', folder);

    expect(applied.out).toContain('+ enforcement boundary "No SSH" is taken back from deletion');
    expect((await world().run('plan', folder)).code).toBe(0);
  });

  test('says what was done when the PCE refuses, and does the rest when it is mended', async () => {
    const wrong = SHOP.replace('range: 192.0.2.7', 'range: 203.0.113.7');
    const folder = await world().folder({
      'a.yaml': 'services:\n  - { name: Web, service_ports: [tcp/443] }\n',
      'shop.yaml': wrong
        .replace(/services:\n {2}- name: Postgres\n.*\n/, '')
        .replace('Postgres, ', ''),
    });

    const refused = await world().run('apply', folder);
    await writeFile(
      join(folder, 'shop.yaml'),
      SHOP.replace(/services:\n {2}- name: Postgres\n.*\n/, '').replace('Postgres, ', ''),
    );
    const mended = await world().run('apply', folder);

    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /IP list "Offices" could not be written: .*203\.0\.113\.7.* outside/,
    );
    expect(refused.err).toContain('run it again to do the rest');
    expect(mended.code).toBe(0);
    expect((await world().run('plan', folder)).code).toBe(0);
  });

  test('what somebody else saved meanwhile is not overwritten', async () => {
    const ruleSet = await makeRuleSet(world().client, 'Theirs');
    const folder = await world().folder({
      'a.yaml': 'services:\n  - { name: W, service_ports: [tcp/1] }\n',
    });

    expect((await world().run('apply', folder)).code).toBe(0);

    const { items } = await world().client.call('rule_sets.list', { params: DRAFT });
    expect(items.map(({ href }) => href)).toEqual([ruleSet.href]);
  });
});

describe('plan', () => {
  test('shows each object and member, changes nothing, and answers 3', async () => {
    const folder = await world().folder({ 'shop.yaml': SHOP });
    await world().run('apply', folder);
    await writeFile(
      join(folder, 'shop.yaml'),
      SHOP.replace('192.0.2.0/24', '192.0.2.0/23').replace(
        '  - name: No SSH',
        '  - name: No shell',
      ),
    );

    const plan = await world().run('plan', folder);
    const asJson = await world().run('plan', folder, '--json');

    expect(plan.code).toBe(3);
    expect(plan.out).toContain(
      '~ IP list "Offices" is changed\n    - ip_ranges: 192.0.2.0/24\n    + ip_ranges: 192.0.2.0/23\n',
    );
    expect(plan.out).toContain('+ enforcement boundary "No shell" is created');
    expect(plan.out).toContain('- enforcement boundary "No SSH" is deleted');
    expect(asJson.code).toBe(3);
    expect(asJson.json).toMatchObject({
      state: 'changes',
      changes: [
        { action: 'update', section: 'ip_lists', name: 'Offices' },
        { action: 'create', section: 'enforcement_boundaries' },
        { action: 'delete', section: 'enforcement_boundaries' },
      ],
      difference: { from: 'active', to: 'draft' },
    });
  });

  test('says file, line, member and what would be right for every fault at once', async () => {
    const folder = await world().folder({
      'wrong.yaml': `labels:
  role: [web]
ip_list: []
services:
  - name: Web
    service_ports: [tcp/443, tcp/9-1]
    colour: red
rulesets:
  - name: R
    rules:
      - providers: [web]
        consumers: []
`,
      'more.yaml':
        'services:\n  - { name: Web, service_ports: [tcp/1] }\n  - { name: X, service_ports: [tcp/1\n',
    });

    const { code, err } = await world().run('plan', folder);

    expect(code).toBe(1);
    expect(err).toContain('wrong.yaml:3:10: ip_list: is no section; the sections are labels');
    expect(err).toContain(
      'wrong.yaml:6:30: services[0].service_ports[1]: "tcp/9-1": the range runs backwards; write 1-9',
    );
    expect(err).toContain('wrong.yaml:7:13: services[0].colour: is no member here');
    expect(err).toContain(
      'wrong.yaml:11:21: rulesets[0].rules[0].providers[0]: must be a label such as role=web',
    );
    expect(err).toContain('wrong.yaml:12:20: rulesets[0].rules[0].consumers: must name somebody');
    expect(err).toMatch(/more\.yaml:\d+:\d+: /);
  });

  test('names that lead nowhere are found before anything is written', async () => {
    const folder = await world().folder({
      'a.yaml': `labels:
  role: [nobody-has-it]
rulesets:
  - name: R
    rules:
      - providers: [role=nobody-has-it, { workload: nowhere }]
        consumers: [{ ip_list: Ofices }]
        ingress_services: [SSH]
`,
    });

    const { code, err } = await world().run('apply', folder);

    expect(code).toBe(1);
    expect(err).toContain(
      'a.yaml:6:53: rulesets[0].rules[0].providers[1].workload: there is no workload',
    );
    expect(err).toContain(
      'a.yaml:7:32: rulesets[0].rules[0].consumers[0].ip_list: there is no IP list "Ofices"',
    );
    expect(err).toContain(
      'a.yaml:8:28: rulesets[0].rules[0].ingress_services[0]: there is no service "SSH"',
    );
    const { items } = await world().client.call('labels.list', {
      query: { value: 'nobody-has-it' },
    });
    expect(items).toEqual([]);
  });
});

describe('export', () => {
  test('what was applied is exported as files that say the same, in a stable order', async () => {
    await world().run('apply', await world().folder({ 'shop.yaml': SHOP }));
    const folder = await world().folder();

    const exported = await world().run('export', folder);
    const files = await filesOf(folder);
    const again = await world().run('export', folder);
    const plan = await world().run('plan', folder);

    expect(exported.code).toBe(0);
    expect(Object.keys(files)).toContain('rulesets/shop.yaml');
    expect(files['services.yaml']).toBe(
      'services:\n  - name: Postgres\n    service_ports: [ tcp/5432, icmp/8 ]\n',
    );
    expect(again.out).toContain('The folder says what the draft is.');
    expect(await filesOf(folder)).toEqual(files);
    expect(plan.code).toBe(0);
  });

  test('comments and order of files that are there survive; only what differs is written', async () => {
    const folder = await world().folder({ 'shop.yaml': SHOP });
    await world().run('apply', folder);
    await world().client.call('ip_lists.create', {
      params: DRAFT,
      body: { name: 'Home', ip_ranges: [{ from_ip: '10.9.0.0/16' }] },
    });
    const { items } = await world().client.call('services.list', {
      params: DRAFT,
      query: { name: 'Postgres' },
    });
    await world().client.call('services.update', {
      params: { ...DRAFT, id: items[0]?.href.split('/').at(-1) ?? '' },
      body: { service_ports: [{ proto: 6, port: 5433 }] },
    });
    await makeLabel(world().client, 'role', 'cache');

    await world().run('export', folder);

    const files = await filesOf(folder);
    expect(Object.keys(files).toSorted()).toEqual(['ip-lists.yaml', 'labels.yaml', 'shop.yaml']);
    expect(files['shop.yaml']).toContain('# what the shop may do');
    expect(files['shop.yaml']).toContain('- name: Offices # all of them');
    expect(files['shop.yaml']).toContain('# the only way to the database');
    expect(files['shop.yaml']).toContain('service_ports: [ tcp/5433 ]');
    expect((await world().run('plan', folder)).code).toBe(0);
  });
});

describe('test', () => {
  test("holds the folder's policy tests against the draft without storing them", async () => {
    const workload = (name: string, address: string) =>
      world().client.call('workloads.create', {
        body: { name, hostname: name, interfaces: [{ name: 'eth0', address }] },
      });
    await workload('alice', '10.1.0.1');
    const folder = await world().folder({
      'tests.yaml': `policy_tests:
  - { name: free, from: [{ address: 192.0.2.1 }], to: [{ workload: alice }], ports: [22], decision: allowed }
  - { name: shut, from: [{ address: 192.0.2.1 }], to: [{ workload: alice }], ports: [22], decision: blocked }
`,
    });

    const { code, out } = await world().run('test', folder);

    expect(code).toBe(1);
    expect(out).toContain('passed tests.yaml:2: free');
    expect(out).toContain('failed tests.yaml:3: shut');
    expect(out).toContain('expected blocked, got allowed');
    const stored = await world().client.call('policy_tests.list');
    expect(stored.items).toEqual([]);
  });
});

describe('the command line', () => {
  test.each([
    [['explode']],
    [['plan']],
    [['plan', 'a', 'b']],
    [['plan', '/nonexistent/folder']],
    [['plan', '.', '--pce', 'ftp://pce']],
    [['plan', '.', '--org', 'x']],
    [['plan', '.', '--key-file', '/nonexistent/key']],
  ])('wrong arguments end with 2: %j', async (argv) => {
    const { code, err } = await world().run(...argv);
    expect(code).toBe(2);
    expect(err).not.toBe('');
  });

  test('a key file is read when nobody else may read it', async () => {
    const key = {
      auth_username: world().environment['BULKHEAD_API_KEY'],
      secret: world().environment['BULKHEAD_API_SECRET'],
      org_id: world().pce.orgId,
    };
    const folder = await world().folder({ 'a.yaml': 'services: []\n' });
    const open = join(folder, 'open.json');
    const shut = join(folder, 'shut.json');
    await writeFile(open, JSON.stringify(key), { mode: 0o644 });
    await writeFile(shut, JSON.stringify(key), { mode: 0o600 });
    const none = { BULKHEAD_API_KEY: undefined, BULKHEAD_API_SECRET: undefined };

    const refused = await world().runWith(none, 'plan', folder, '--key-file', open);
    const read = await world().runWith(none, 'plan', folder, '--key-file', shut);

    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toContain('chmod 600');
    expect(read).toMatchObject({ code: 0 });
  });

  test('a server whose certificate comes from elsewhere is not talked to', async () => {
    const folder = await world().folder({ 'a.yaml': 'services: []\n' });
    const { code, err } = await world().runWith({ BULKHEAD_CA: undefined }, 'plan', folder);
    expect(code).toBe(1);
    expect(err).toContain('does not answer');
  });

  test('a key that the PCE does not know ends with 1 and what it said', async () => {
    const folder = await world().folder({ 'a.yaml': 'services: []\n' });
    const { code, err } = await world().runWith({ BULKHEAD_API_SECRET: 'wrong' }, 'plan', folder);
    expect(code).toBe(1);
    expect(err).toMatch(/^bulkhead: /);
  });
});
