import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  ApiRequestError,
  createApiClient,
  endpoints,
  eventsOf,
  openApiDocument,
  parseHref,
  PERMISSIONS,
  rolesAllow,
  withVersion,
  writes,
  type EndpointSpec,
  type HttpRequest,
} from './index.ts';

const table: Readonly<Record<string, EndpointSpec>> = endpoints;
const file = new URL('../../../docs/openapi.json', import.meta.url);

describe('endpoint table', () => {
  test('docs/openapi.json is what the table says; npm run openapi writes it', () => {
    const written: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const { version } = z.object({ info: z.object({ version: z.string() }) }).parse(written).info;
    expect(written).toEqual(JSON.parse(JSON.stringify(openApiDocument(endpoints, version))));
  });

  test('no two operations answer the same method and path', () => {
    const places = Object.values(table).map(({ method, path }) => `${method} ${path}`);
    expect(places.filter((place, index) => places.indexOf(place) !== index)).toEqual([]);
  });

  test('path parameters and params schemas name the same things', () => {
    const differing = Object.entries(table).filter(([, { path, params }]) => {
      const named = [...path.matchAll(/:([a-z_]+)/g)].map(([, name]) => name ?? '');
      const declared = params instanceof z.ZodObject ? Object.keys(params.shape) : [];
      return named.toSorted().join() !== declared.toSorted().join();
    });
    expect(differing.map(([name]) => name)).toEqual([]);
  });

  test('what reads is not allowed to write: every GET carries no body and every DELETE answers 204', () => {
    const specs = Object.values(table);
    expect(specs.filter(({ method, body }) => method === 'GET' && body !== undefined)).toEqual([]);
    expect(specs.filter(({ method, status }) => method === 'DELETE' && status !== 204)).toEqual([]);
  });

  test.each(Object.entries(table).filter(([, spec]) => writes(spec)))(
    '%s declares the events that it leaves',
    (name, spec) => {
      const { events } = spec;
      expect(
        events,
        `${name} writes: give its endpoint events: ['thing.verb'] with the type that its handler passes to recordEvent, or ` +
          `events: { none: 'why' } when it changes nothing that anybody would want to look up`,
      ).toBeDefined();
      for (const type of eventsOf(spec) ?? []) expect(type).toMatch(/^[a-z_]+\.[a-z_]+$/);
    },
  );

  test('only an owner changes corporate public IPs (R-NET-2)', () => {
    const { permission } = endpoints['corporate_ips.update'];
    expect(PERMISSIONS[permission]).toEqual(['owner']);
    expect(rolesAllow(permission, ['admin', 'read_only'])).toBe(false);
    expect(rolesAllow(permission, ['owner'])).toBe(true);
  });
});

describe('hrefs', () => {
  test('an API prefix, repeated and trailing slashes are no part of it', () => {
    expect(parseHref('/api/v2//orgs/1/sec_policy/active/rule_sets/3/sec_rules/7/')).toEqual({
      orgId: 1,
      version: 'active',
      path: [
        ['rule_sets', '3'],
        ['sec_rules', '7'],
      ],
    });
  });

  test.each(['', '/orgs/x/labels/1', '/orgs/1/labels', '/orgs/1/labels/1/2', '/orgs/1/la bels/1'])(
    '"%s" is none',
    (text) => {
      expect(parseHref(text)).toBeUndefined();
    },
  );

  test('the state of a policy object is one word of its href', () => {
    expect(withVersion('/orgs/1/sec_policy/draft/ip_lists/4', 'active')).toBe(
      '/orgs/1/sec_policy/active/ip_lists/4',
    );
    expect(withVersion('/orgs/1/labels/4', 'active')).toBe('/orgs/1/labels/4');
  });
});

describe('client', () => {
  function clientOf(answer: { status: number; body: string; headers?: Record<string, string> }) {
    const sent: HttpRequest[] = [];
    const client = createApiClient((request) => {
      sent.push(request);
      const header = (name: string) => answer.headers?.[name] ?? null;
      return Promise.resolve({
        status: answer.status,
        header,
        text: () => Promise.resolve(answer.body),
      });
    }, 7);
    return { client, sent };
  }

  test('fills the path, encodes the query, and reads the total of a collection', async () => {
    const { client, sent } = clientOf({
      status: 200,
      body: '[]',
      headers: { 'x-total-count': '12' },
    });

    const answer = await client.call('labels.list', { query: { value: 'a&b', key: undefined } });

    expect(sent).toEqual([
      { method: 'GET', path: '/api/v2/orgs/7/labels?value=a%26b', body: undefined },
    ]);
    expect(answer).toEqual({ items: [], total: 12 });
  });

  test('an error answer rejects with its tokens and the request id', async () => {
    const body = JSON.stringify([{ token: 'object_changed', message: 'somebody saved' }]);
    const { client } = clientOf({ status: 406, body, headers: { 'x-request-id': 'r1' } });

    const failure = await client
      .call('labels.delete', { params: { id: '1' } })
      .catch((e: unknown) => e);

    expect(failure).toBeInstanceOf(ApiRequestError);
    expect(failure).toMatchObject({ status: 406, requestId: 'r1', message: 'somebody saved' });
  });

  test('an error that is no JSON, such as a proxy page, still says its status', async () => {
    const { client } = clientOf({ status: 502, body: '<html>' });

    await expect(client.get('/orgs/7')).rejects.toThrow('status 502');
  });
});

describe('write schemas refuse with what would be right', () => {
  const body = (operation: keyof typeof endpoints) => table[operation]?.body ?? z.never();

  test.each([
    [
      { proto: 6, port: 9000, to_port: 8000 },
      'range runs backwards: 9000 to 8000; write 8000 to 9000',
    ],
    [{ proto: 6, port: 70000 }, 'Too big: expected number to be <=65535'],
    [{ proto: 1, port: 80 }, 'only TCP (6), UDP (17) and SCTP (132) have ports'],
  ])('service port %j', (port, message) => {
    const parsed = body('services.create').safeParse({ name: 's', service_ports: [port] });
    expect(parsed.error?.issues.map((issue) => issue.message)).toEqual([message]);
  });

  test('a rule with an empty side', () => {
    const side = [{ actors: 'ams' }];
    const rule = {
      enabled: true,
      providers: side,
      consumers: [],
      ingress_services: [{ href: '/x' }],
    };
    const parsed = body('sec_rules.create').safeParse({
      ...rule,
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    });
    expect(parsed.error?.issues.map((issue) => issue.message)).toEqual([
      'needs at least one entry: a rule with an empty side allows nothing',
    ]);
  });
});
