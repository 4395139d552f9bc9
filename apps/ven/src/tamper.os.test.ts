/** What others do to the firewall of a host: ours comes back, theirs is left alone, and the PCE hears what and who. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startCtlHost, type CtlHost } from './testing/ctl-host.ts';
import { aPolicyContent } from './testing/policies.ts';
import { until } from './testing/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const SLOW_MS = 30_000;
let host: CtlHost;
let first: string;
let whole: string;

beforeAll(async () => {
  host = await startCtlHost();
  host.pce.policy = aPolicyContent();
  await host.activate();
  await until(
    'the policy',
    () => host.pce.messages.some(({ type }) => type === 'applied'),
    SLOW_MS,
  );
  first = host.table();
  whole = ours();
});
afterAll(() => host.dispose());
beforeEach(() => {
  host.pce.messages.length = 0;
});

/** Our table without connections that were cut a moment ago: their time runs out. */
function ours(): string {
  return host.table().replace(/\n\t\telements = \{[^}]*\bexpires\b[^}]*\}/g, '');
}

const nft = (text: string): string => host.pair.run(host.pair.ours, 'nft', ['-f', '-'], text);
const theirs = (table: string): string =>
  host.pair.run(host.pair.ours, 'nft', ['list', 'table', ...table.split(' ')]);

function told(): string[] {
  return host.pce.messages.flatMap((message) =>
    message.type === 'tampering' ? [message.detail] : [],
  );
}

/** As firewalld and docker have theirs. */
const FIREWALLD =
  'table inet firewalld { chain filter_INPUT { type filter hook input priority 10; accept; }; }\n';
const DOCKER =
  'table ip nat { chain DOCKER { }; chain PREROUTING { type nat hook prerouting priority -100; jump DOCKER; }; }\n';

test('a connection that was open before the kernel tracked any, and is allowed, is not cut by the first policy', () => {
  // that of the agent to its PCE; the kernel lists it as its next packet goes, which may be an answer
  expect(first).toContain('set cut4');
  expect(first).not.toMatch(/\bexpires\b/);
});

test('flush ruleset takes ours away for a moment, and the event says what and who (FR-1)', async () => {
  nft('flush ruleset\n');
  await until('ours is back', () => ours() === whole, SLOW_MS);
  await until('the event', () => told().length > 0, SLOW_MS);
  expect(told()[0]).toMatch(/table .* \(changed by nft, process \d+\)/);
});

test('tables of others that come, change and go are no business of ours (FR-1, FR-4)', async () => {
  nft(FIREWALLD + DOCKER);
  const before = [theirs('inet firewalld'), theirs('ip nat')];
  nft('add rule ip nat DOCKER tcp dport 8080 counter\n');
  nft('flush chain ip nat DOCKER\n');
  nft('delete table inet bulkhead\n');
  await until('ours is back', () => ours() === whole, SLOW_MS);
  await until('the event', () => told().length > 0, SLOW_MS);
  // a firewall that starts anew brings its own and takes nobody else’s
  nft(`delete table inet firewalld\n${FIREWALLD}`);
  expect([theirs('inet firewalld'), theirs('ip nat')]).toEqual(before);
  expect(ours()).toBe(whole);
  expect(told()).toHaveLength(1);
});

test('ten removals in a row are undone each time, without any command (FR-2)', async () => {
  for (let round = 0; round < 10; round += 1) {
    nft('delete table inet bulkhead\n');
    await until(`ours is back, round ${round}`, () => ours() === whole, SLOW_MS);
  }
  await until('all are told', () => told().length >= 1, SLOW_MS);
  expect((await host.ctl('status')).code).toBe(0);
});

test('members and single rules that somebody adds or takes are put back', async () => {
  const changes = [
    'add element inet bulkhead a_s_web_h4 { 10.99.99.99 }\n',
    'delete element inet bulkhead a_s_web_h4 { 10.0.0.1 }\n',
    'insert rule inet bulkhead input accept\n',
    'add chain inet bulkhead theirs\n',
  ];
  for (const change of changes) {
    nft(change);
    await until(`put back: ${change}`, () => ours() === whole, SLOW_MS);
  }
  await until('told', () => told().some((detail) => detail.includes('theirs')), SLOW_MS);
});
