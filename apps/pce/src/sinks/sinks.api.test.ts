import pino from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { SyslogDestinationWrite, SyslogDestinationWire } from '@bulkhead/contract';
import { startPce } from '../composition.ts';
import { writeTransaction } from '../db/transaction.ts';
import { recordEvent } from '../audit/record-event.ts';
import { VenClient, until as poll, wired } from '../gateway/testing/ven-client.ts';
import { idOf, makeLabel, refusalOf } from '../testing/policy-client.ts';
import { startTestPce, withTestPce } from '../testing/test-pce.ts';
import { DatagramReceiver, SyslogReceiver, WebReceiver } from './testing/receivers.ts';
import { signature } from './transports/webhook.ts';

// Outages are waited for twice in some.
vi.setConfig({ testTimeout: 90_000 });
const pce = withTestPce();
/** A busy machine has time. */
const until: typeof poll = (what, check) => poll(what, check, 40_000);
const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  const { items } = await pce().client().call('syslog_destinations.list');
  for (const item of items)
    await pce()
      .client()
      .call('syslog_destinations.delete', { params: { id: idOf(item) } });
  for (const close of open.splice(0)) await close();
});

const ALL = {
  configuration_event_included: true,
  system_event_included: true,
  min_severity: 'informational',
} as const;
const NO_FLOWS = {
  traffic_flow_allowed_event_included: false,
  traffic_flow_potentially_blocked_event_included: false,
  traffic_flow_blocked_event_included: false,
};

function destination(
  remote: Partial<NonNullable<SyslogDestinationWrite['remote_syslog']>> & { port: number },
  change: Partial<SyslogDestinationWrite> = {},
): SyslogDestinationWrite {
  return {
    pce_scope: ['pce.test'],
    type: 'remote_syslog',
    description: 'SIEM',
    audit_event_logger: ALL,
    traffic_event_logger: NO_FLOWS,
    node_status_logger: { node_status_included: false },
    remote_syslog: {
      address: '127.0.0.1',
      protocol: 6,
      tls_enabled: false,
      tls_verify_cert: true,
      ...remote,
    },
    ...change,
  };
}

function create(body: SyslogDestinationWrite): Promise<SyslogDestinationWire> {
  return pce().client().call('syslog_destinations.create', { body });
}

async function statusOf(sink: { href: string }) {
  const id = idOf(sink);
  return (await pce().client().call('syslog_destinations.get', { params: { id } })).status;
}

async function receiver(tls = false): Promise<SyslogReceiver> {
  const started = new SyslogReceiver(tls ? pce().pce.deps.identity : null);
  await started.start();
  open.push(() => started.stop());
  return started;
}

/** Parts of an RFC 5424 message. */
function parse(message: string) {
  const [head, time, host, app, , id, data, ...body] = message.split(' ');
  return { head, time, host, app, id, data, body: body.join(' ') };
}

function hrefs(messages: readonly string[]): string[] {
  return messages.flatMap((message) => {
    const content = JSON.parse(parse(message).body) as { href?: string };
    return content.href ?? [];
  });
}

/** Of the events of a type, oldest first. */
async function eventsOf(type: string): Promise<string[]> {
  const { items } = await pce()
    .client()
    .call('events.list', { query: { event_type: type } });
  return items.map((event) => event.href).toReversed();
}

function setFormat(format: 'JSON' | 'CEF' | 'LEEF'): Promise<void> {
  return pce().client().call('event_settings.update', { body: { format } });
}

describe('a syslog destination', () => {
  test('gets each change from then on as JSON in RFC 5424, framed by its octets, over TLS', async () => {
    await makeLabel(pce().client(), 'role', 'before the destination');
    const siem = await receiver(true);
    const sink = await create(
      destination({
        port: siem.port,
        tls_enabled: true,
        tls_ca_bundle: pce().pce.deps.identity.ca,
      }),
    );
    expect(sink.status).toMatchObject({ connected: null, events_behind: 0 });
    const label = await makeLabel(pce().client(), 'role', 'Zürich\n"новый" 🚀');
    const status = await until('everything is delivered', async () => {
      const now = await statusOf(sink);
      return now.events_behind === 0 && now;
    });
    expect(status).toMatchObject({ connected: true, last_error: null, events_lost: 0 });
    const types = siem.messages.map((message) => parse(message).id);
    expect(types).toEqual(['syslog_destination.create', 'label.create']);
    const message = parse(siem.messages.at(-1) ?? '');
    expect(message).toMatchObject({
      head: '<110>1',
      host: 'pce.test',
      app: 'bulkhead-pce',
      data: '-',
    });
    expect(JSON.parse(message.body)).toMatchObject({
      event_type: 'label.create',
      resource_changes: [
        { resource: { label: { href: label.href, value: 'Zürich\n"новый" 🚀' } } },
      ],
    });
    expect(siem.messages.at(-1)).not.toContain('\n');
  });

  test('that goes away and comes back has every event, in order, and says meanwhile how far behind it is', async () => {
    const siem = await receiver(true);
    const sink = await create(
      destination({
        port: siem.port,
        tls_enabled: true,
        tls_ca_bundle: pce().pce.deps.identity.ca,
      }),
    );
    const make = async (from: number, to: number): Promise<void> => {
      for (let n = from; n < to; n += 1) await makeLabel(pce().client(), 'loc', `outage ${n}`);
    };
    await make(0, 10);
    await siem.stop();
    await make(10, 20);
    const away = await until('it is said to be away', async () => {
      const now = await statusOf(sink);
      return now.connected === false && now.events_behind >= 10 && now;
    });
    expect(away.last_error).not.toBeNull();
    expect(away.oldest_event_behind).not.toBeNull();
    const [health] = await pce().client().call('node.health');
    expect(health).toMatchObject({
      status: 'warning',
      notifications: expect.arrayContaining([
        expect.objectContaining({ token: 'event_sink_behind' }),
      ]),
    });
    const metrics = await pce().send('GET', '/metrics');
    expect(metrics.text).toMatch(
      new RegExp(`pce_event_sink_connected{sink="${idOf(sink)}",kind="syslog"} 0`),
    );
    expect(metrics.text).toMatch(
      new RegExp(`pce_event_sink_events_behind{sink="${idOf(sink)}",kind="syslog"} [1-9]`),
    );
    await siem.start();
    await make(20, 30);
    await until('it has caught up', async () => (await statusOf(sink)).events_behind === 0);
    const expected = (await eventsOf('label.create')).slice(-30);
    const got = hrefs(siem.messages).filter((href) => expected.includes(href));
    expect(new Set(got)).toEqual(new Set(expected));
    // Each comes first in its place; what comes again after a break is an echo.
    expect([...new Set(got)]).toEqual(expected);
    expect((await statusOf(sink)).connected).toBe(true);
  });

  test.each([
    [
      'CEF' as const,
      'CEF:0|Bulkhead|PCE|23.2.0|label.create.success|label.create|1|rt=',
      ' src=127.0.0.1 ',
    ],
    [
      'LEEF' as const,
      'LEEF:2.0|Bulkhead|PCE|23.2.0|label.create.success|x09|devTime=',
      '\tsrc=127.0.0.1\t',
    ],
  ])(
    'gets %s when the organization has chosen it; no field breaks out of its line',
    async (format, start, source) => {
      await setFormat(format);
      const siem = await receiver();
      const sink = await create(destination({ port: siem.port }));
      const evil = `x\nCEF:0|evil|=| \\ \t\r\u0007\u2028 suser=root ${format}`;
      await makeLabel(pce().client(), 'app', evil);
      await until('it is delivered', async () => (await statusOf(sink)).events_behind === 0);
      await setFormat('JSON');
      const { body } = parse(siem.messages.at(-1) ?? '');
      expect(body.startsWith(start)).toBe(true);
      expect(body).toContain(source);
      for (const mark of ['\n', '\r', '\u0007', '\u2028', ' suser=root'])
        expect(body).not.toContain(mark);
      expect(body).toContain('suser\\=root');
    },
  );

  test('gets over UDP one datagram each', async () => {
    const siem = new DatagramReceiver();
    await siem.start();
    open.push(() => siem.stop());
    const sink = await create(destination({ port: siem.port, protocol: 17 }));
    await until('it is delivered', () => siem.messages.length > 0);
    expect(parse(siem.messages[0] ?? '').id).toBe('syslog_destination.create');
    await until('it is counted', async () => (await statusOf(sink)).events_delivered > 0);
  });

  test('gets only what its loggers say: severity, origin, PCE', async () => {
    const siem = await receiver();
    const quiet = { ...ALL, min_severity: 'warning', system_event_included: false } as const;
    const sink = await create(destination({ port: siem.port }, { audit_event_logger: quiet }));
    await create(destination({ port: siem.port }, { pce_scope: ['another.test'] }));
    const reader = await pce().userWith('read_only');
    await refusalOf(
      pce()
        .client(reader.auth)
        .call('labels.create', { body: { key: 'role', value: 'no' } }),
    );
    await until('the refusal is told', () => siem.messages.length > 0);
    await until('nothing is left', async () => (await statusOf(sink)).events_behind === 0);
    expect(siem.messages.map((message) => parse(message).id)).toEqual([
      'request.authorization_failed',
    ]);
  });

  test('gets events of every PCE when its scope names none', async () => {
    const siem = await receiver();
    await create(destination({ port: siem.port }, { pce_scope: [] }));
    await until('it is told', () => siem.messages.length > 0);
    expect(parse(siem.messages[0] ?? '').id).toBe('syslog_destination.create');
  });

  test('gets flows by their decision', async () => {
    const siem = await receiver();
    const sink = await create(
      destination(
        { port: siem.port },
        {
          audit_event_logger: {
            ...ALL,
            configuration_event_included: false,
            system_event_included: false,
          },
          traffic_event_logger: { ...NO_FLOWS, traffic_flow_blocked_event_included: true },
        },
      ),
    );
    const ven = await VenClient.activate(pce(), { interfaces: [wired('10.77.0.1')] });
    const record = {
      src_ip: '198.51.100.5',
      dst_ip: '10.77.0.1',
      protocol: 6,
      dst_port: 443,
      icmp_type: null,
      icmp_code: null,
      direction: 'inbound',
      rules: [],
      reason: 'default',
      interface: 'eth0',
      network_profile: 'corporate',
      state: 'closed',
      connections: 3,
      bytes_in: 1,
      bytes_out: 2,
      first_seen: new Date().toISOString(),
      last_seen: new Date().toISOString(),
      process_name: 'nginx',
      user_name: null,
    };
    const flows = ['allowed', 'blocked'].map((decision) => ({ ...record, decision }));
    const answer = await ven.send('POST', 'flows', { sequence: 1, dropped: 0, flows });
    expect(answer.status, answer.text).toBe(204);
    await until('the flow is counted', async () => (await statusOf(sink)).flows_sent === 1);
    await until('the flow is there', () => siem.messages.length > 0);
    expect(siem.messages).toHaveLength(1);
    expect(JSON.parse(parse(siem.messages[0] ?? '').body)).toMatchObject({
      pd: 2,
      dir: 'I',
      src_ip: '198.51.100.5',
      dst_ip: '10.77.0.1',
      dst_port: 443,
      count: 3,
      pn: 'nginx',
      dst_href: ven.workload,
    });
  });

  test('is refused where it cannot work, and its test says what the receiver did', async () => {
    const refused = async (body: SyslogDestinationWrite): Promise<string> =>
      (await refusalOf(create(body))).errors[0]?.message ?? '';
    expect(await refused(destination({ port: 514, protocol: 17, tls_enabled: true }))).toContain(
      'TLS needs TCP',
    );
    expect(await refused(destination({ port: 514, tls_ca_bundle: 'no' }))).toContain(
      'no certificate',
    );
    const { remote_syslog: _, ...rest } = destination({ port: 514 });
    expect(await refused(rest)).toContain('needs to know its receiver');
    const siem = await receiver();
    const sink = await create(destination({ port: siem.port }));
    const id = idOf(sink);
    const ask = () => pce().client().call('syslog_destinations.test', { params: { id } });
    expect(await ask()).toEqual({ delivered: true, message: null });
    await until('it is there', () =>
      siem.messages.some((message) => message.includes('event_sink.test')),
    );
    await siem.stop();
    expect(await ask()).toMatchObject({
      delivered: false,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('is for an owner to change; its events show what changed', async () => {
    const siem = await receiver();
    const sink = await create(destination({ port: siem.port }));
    const admin = await pce().userWith('admin');
    const id = idOf(sink);
    const body = { description: 'another' };
    await expect(
      refusalOf(
        pce().client(admin.auth).call('syslog_destinations.update', { params: { id }, body }),
      ),
    ).resolves.toMatchObject({ status: 403 });
    await pce().client().call('syslog_destinations.update', { params: { id }, body });
    const [event] = (
      await pce()
        .client()
        .call('events.list', { query: { event_type: 'syslog_destination.update' } })
    ).items;
    expect(event?.resource_changes[0]?.changes).toEqual({
      description: { before: 'SIEM', after: 'another' },
    });
  });
});

test('a webhook gets signed events in order, waits while its receiver fails, and shows its secret once', async () => {
  const { identity } = pce().pce.deps;
  const soc = new WebReceiver(identity);
  await soc.start();
  try {
    const hook = await pce()
      .client()
      .call('webhooks.create', {
        body: {
          name: 'SOC',
          url: `https://127.0.0.1:${soc.port}/events`,
          enabled: true,
          audit_event_logger: ALL,
          tls_ca_bundle: identity.ca,
        },
      });
    soc.status = 503;
    const id = idOf(hook);
    const read = () => pce().client().call('webhooks.get', { params: { id } });
    const first = await makeLabel(pce().client(), 'env', 'webhook one');
    await until('its failure is told', async () =>
      (await read()).status.last_error?.includes('503'),
    );
    soc.status = 200;
    const second = await makeLabel(pce().client(), 'env', 'webhook two');
    await until('it has caught up', async () => (await read()).status.events_behind === 0);
    const bodies = soc.posts.map((post) => JSON.parse(post.body) as { events: object[] });
    const text = JSON.stringify(bodies);
    expect(text.indexOf(first.href)).toBeGreaterThan(0);
    expect(text.indexOf(second.href)).toBeGreaterThan(text.indexOf(first.href));
    for (const { headers, body } of soc.posts) {
      const given = String(headers['x-bulkhead-signature']);
      const time = Number(/^t=(\d+),/.exec(given)?.[1]);
      expect(given).toBe(signature(hook.secret, time, body));
    }
    expect(JSON.stringify(await read())).not.toContain(hook.secret);
    const { items } = await pce()
      .client()
      .call('events.list', { query: { event_type: 'webhook.create' } });
    expect(JSON.stringify(items)).not.toContain(hook.secret);
    expect(JSON.stringify(items)).toContain('FILTERED');
    await pce().client().call('webhooks.delete', { params: { id } });
  } finally {
    await soc.stop();
  }
});

test('a PCE that ends with events undelivered delivers them when it starts again', async () => {
  const own = await startTestPce();
  const siem = new SyslogReceiver(own.pce.deps.identity);
  await siem.start();
  try {
    const { config, identity } = own.pce.deps;
    const { port } = siem;
    await siem.stop();
    const sink = await own.client().call('syslog_destinations.create', {
      body: destination({ port, tls_enabled: true, tls_ca_bundle: identity.ca }),
    });
    await makeLabel(own.client(), 'role', 'while the receiver is away');
    await own.pce.close();
    await siem.start();
    const again = await startPce({ config, logger: pino({ level: 'silent' }) });
    try {
      const { db } = again.deps;
      await writeTransaction(db, (trx) =>
        recordEvent(again.deps, trx, { orgId: own.orgId, eventType: 'settings.update' }),
      );
      await until('the last event is there', () =>
        siem.messages.some((message) => message.includes('settings.update')),
      );
      const types = siem.messages.map((message) => parse(message).id);
      expect([...new Set(types)]).toEqual([
        'syslog_destination.create',
        'label.create',
        'settings.update',
      ]);
      await until('it is counted', async () => {
        const state = await db
          .selectFrom('event_sink_states')
          .select('events_delivered')
          .where('sink_id', '=', idOf(sink))
          .executeTakeFirst();
        return state?.events_delivered === 3;
      });
    } finally {
      await again.close();
    }
  } finally {
    await siem.stop();
    await own.close();
  }
});
