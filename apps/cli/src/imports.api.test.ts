import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { DRAFT, makeLabel } from '../../pce/src/testing/policy-client.ts';
import { withCliWorld } from './testing/cli-world.ts';

const world = withCliWorld();
beforeAll(async () => {
  await makeLabel(world().client, 'role', 'web');
  await makeLabel(world().client, 'env', 'prod');
});

async function file(text: string): Promise<string> {
  return join(await world().folder({ 'rows.csv': text }), 'rows.csv');
}

/** By host name: those of one request are created at one time, and listed in any order. */
async function workloads() {
  const { items } = await world().client.call('workloads.list');
  return items
    .map(({ hostname, description, labels, interfaces }) => ({
      hostname: hostname ?? '',
      description,
      labels: labels.map(({ key, value }) => `${key}=${value}`).toSorted(),
      interfaces: interfaces.map(
        ({ name, address, cidr_block: cidr }) => `${name}:${address}/${cidr}`,
      ),
    }))
    .toSorted((one, other) => (one.hostname < other.hostname ? -1 : 1));
}

describe('workloads', () => {
  const ROWS = `hostname,description,interfaces,role,env
one.example.com,"first, and
more",eth0:10.7.0.1/24;10.7.0.2/24,web,prod
two.example.com,,2001:db8::7/64,web,
`;

  test('are created with labels and interfaces; a second time changes nothing', async () => {
    const rows = await file(ROWS);

    const dry = await world().run('import', 'workloads', rows, '--dry-run');
    expect(await workloads()).toEqual([]);
    const first = await world().run('import', 'workloads', rows);
    const second = await world().run('import', 'workloads', rows, '--json');

    expect(dry.code).toBe(3);
    expect(dry.out).toContain(`${rows}:2: workload "one.example.com" would be created`);
    expect(dry.out).toContain(`${rows}:4: workload "two.example.com" would be created`);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(second).toMatchObject({ code: 0, json: { state: 'done', items: [], unchanged: 2 } });
    expect(await workloads()).toEqual([
      {
        hostname: 'one.example.com',
        description: 'first, and\nmore',
        labels: ['env=prod', 'role=web'],
        interfaces: ['eth0:10.7.0.1/24', 'umw1:10.7.0.2/24'],
      },
      {
        hostname: 'two.example.com',
        description: null,
        labels: ['role=web'],
        interfaces: ['umw0:2001:db8::7/64'],
      },
    ]);
  });

  test('that exist are changed where the row says something; labels of other dimensions stay', async () => {
    await world().run('import', 'workloads', await file(ROWS));
    const rows = await file('hostname;role;description\none.example.com;cache;\n');

    const missing = await world().run('import', 'workloads', rows);
    const changed = await world().run('import', 'workloads', rows, '--create-labels');

    expect(missing.code).toBe(1);
    expect(missing.err).toBe(
      `${rows}:2:2: role: there is no label role=cache; mend it, or run with --create-labels\n`,
    );
    expect(changed.out).toContain('workload "one.example.com" was changed');
    const [one] = await workloads();
    expect(one?.labels).toEqual(['env=prod', 'role=cache']);
    expect(one?.description).toBe('first, and\nmore');
  });

  test('every bad line is told with its column, and none is written', async () => {
    const rows = await file(`hostname,interfaces,role,enforcement_mode
good.example.com,10.0.0.1,web,full
,10.0.0.2,web,full
bad.example.com,10.0.0.300,nobody,fast
good.example.com,10.0.0.3,web,full
long.example.com,10.0.0.4,web,full,more
`);
    const before = await workloads();

    const { code, err } = await world().run('import', 'workloads', rows);

    expect(code).toBe(1);
    expect(err.split('\n').map((line) => line.replace(rows, 'rows.csv'))).toEqual([
      'rows.csv:6:1: has 5 cells and there are 4 columns; put text with a comma into quotes',
      'rows.csv:3:1: hostname: is empty; a row names its workload by href, hostname or name',
      'rows.csv:4:2: interfaces: "10.0.0.300" is no interface; write an address such as 10.0.0.1/24, or eth0:10.0.0.1/24, several with ; between them',
      'rows.csv:4:3: role: there is no label role=nobody; mend it, or run with --create-labels',
      expect.stringMatching(/^rows\.csv:4:4: enforcement_mode: .*"idle"/),
      'rows.csv:5:1: "good.example.com" stands already on line 2',
      '',
    ]);
    expect(await workloads()).toEqual(before);
  });

  test('a column that does not exist, and a file that is no CSV, are told', async () => {
    const column = await world().run('import', 'workloads', await file('hostname,colour\na,red\n'));
    const quote = await world().run('import', 'workloads', await file('hostname\n"a\n'));
    const nothing = await world().run('import', 'workloads', await file(''));

    expect(column.err).toContain(
      ':1:2: colour: is no column; the columns are href, name, hostname',
    );
    expect(quote.err).toContain('is no CSV: ');
    expect(nothing.err).toContain(':1:1: is empty; the first line names the columns');
    expect([column.code, quote.code, nothing.code]).toEqual([1, 1, 1]);
  });
});

describe('labels', () => {
  test('are created, and their external data changed', async () => {
    const first = await file('key,value\nloc,Köln\nloc,"a ""b"", c"\n');
    const second = await file(
      'key,value,external_data_set,external_data_reference\nloc,Köln,cmdb,7\n',
    );

    await world().run('import', 'labels', first);
    const changed = await world().run('import', 'labels', second);

    expect(changed.out).toContain('label "loc=Köln" was changed');
    const { items } = await world().client.call('labels.list', { query: { key: 'loc' } });
    expect(
      items.map(({ value, external_data_reference: reference }) => [value, reference]),
    ).toEqual([
      ['Köln', '7'],
      ['a "b", c', null],
    ]);
  });

  test('are understood with a byte order mark, CRLF and headers in any letter case (FR-43)', async () => {
    const rows = await file('\uFEFFKey,Value\r\nloc,Oslo\r\n');
    const other = await file('\uFEFFKey,IP Address\r\nloc,Bergen\r\n');
    const read = await world().run('import', 'labels', rows);
    const refused = await world().run('import', 'labels', other);
    expect(read.out).toContain('label "loc=Oslo" was created');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(':1:2: ip address: is no column');
  });

  test('that end with a blank are those without, in the API and in a file (FR-42)', async () => {
    await makeLabel(world().client, 'app', 'Sharepoint 2013 ');
    const again = await world().run(
      'import',
      'labels',
      await file('key,value\napp,Sharepoint 2013 \n'),
    );
    const used = await world().run(
      'import',
      'workloads',
      await file('hostname,app\nsharepoint.example.com,Sharepoint 2013 \n'),
    );
    expect(again.out).toContain('0 written, 1 are so already.');
    expect(used.out).toContain('workload "sharepoint.example.com" was created');
    const { items } = await world().client.call('labels.list', {
      query: { key: 'app', value: 'Sharepoint 2013' },
    });
    expect(items.map(({ value }) => value)).toEqual(['Sharepoint 2013']);
  });

  test('of a dimension that does not exist, twice, or without a value are bad lines', async () => {
    const rows = await file('key,value\ncolour,red\nrole,\nrole,x\nrole,x\n');
    const { code, err } = await world().run('import', 'labels', rows, '--dry-run');
    expect(code).toBe(1);
    expect(err.replaceAll(rows, 'rows.csv')).toBe(
      `rows.csv:2:1: key: "colour" is no label dimension; they are role, app, env, loc
rows.csv:3:2: value: is empty; write the value of the label
rows.csv:5:2: value: role=x stands already on line 4
`,
    );
  });
});

describe('IP lists', () => {
  test('are gathered from rows of the same name and written into the draft', async () => {
    const rows = await file(`name,description,range,exclusion,fqdn,entry_description
Offices,all of them,10.1.0.0/16,,,
Offices,,10.1.2.3,true,,printer
Offices,,,,*.example.com,
Home,,192.0.2.1 - 192.0.2.9,,,
`);

    const first = await world().run('import', 'ip-lists', rows);
    const second = await world().run('import', 'ip-lists', rows);

    expect(first).toMatchObject({ code: 0, err: '' });
    expect(second.out).toContain('0 written, 2 are so already.');
    const { items } = await world().client.call('ip_lists.list', {
      params: DRAFT,
      query: { name: 'Offices' },
    });
    expect(items[0]).toMatchObject({
      description: 'all of them',
      ip_ranges: [
        { from_ip: '10.1.0.0/16', exclusion: false },
        { from_ip: '10.1.2.3', exclusion: true, description: 'printer' },
      ],
      fqdns: [{ fqdn: '*.example.com' }],
    });
  });

  test('networks with host bits are refused with the network that was meant, as by the API (FR-13)', async () => {
    const rows = await file('name,range\nHost bits,10.20.30.40/16\n');
    const { code, err } = await world().run('import', 'ip-lists', rows);
    expect(code).toBe(1);
    expect(err).toContain(`${rows}:2:`);
    expect(err).toContain('the network is 10.20.0.0/16');
  });

  test('what the PCE refuses is told with its line, and the others are written', async () => {
    const rows = await file('name,range,exclusion\nLonely,10.9.9.9,true\nFine,10.0.0.0/8,\n');
    const { code, err, out } = await world().run('import', 'ip-lists', rows);
    expect(code).toBe(1);
    expect(err).toContain(`${rows}:2:1: ip_ranges[0]: the exclusion 10.9.9.9`);
    expect(out).toContain('IP list "Fine" was created');
  });
});
