/** What every platform must do alike. Called by a test file of each. */
import {
  buildPlan,
  withInterfaces,
  withSetDelta,
  type FirewallPlan,
  type HostInterface,
} from '@bulkhead/enforcement';
import type { HostPolicy } from '@bulkhead/policy';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aHostPolicy } from '../testing/policies.ts';
import { until } from '../testing/until.ts';
import type { Platform, ResolvedName } from './port.ts';

/** DNS server of the host under test. */
export const RESOLVER = '203.0.113.1';

export interface ConformanceHost {
  readonly platform: Platform;
  /** Gives the host a further address; the interface must have been there before. */
  addAddress(address: string, prefixLength: number): Promise<void>;
  /** A program of the host asks its DNS server, at RESOLVER, for a name and gets this address, good for 300 s. */
  resolve(name: string, address: string): Promise<void>;
  /** Somebody else deletes our table. */
  tamper(): Promise<void>;
  /** Frees everything. */
  dispose(): Promise<void>;
}

const aMove = {
  id: 's_web',
  addHosts: ['10.0.0.7'],
  removeHosts: ['10.0.0.1'],
  addRanges: [],
  removeRanges: [],
};

export function describePlatform(name: string, start: () => Promise<ConformanceHost>): void {
  describe(`platform ${name}`, () => {
    let host: ConformanceHost;
    beforeEach(async () => {
      host = await start();
    });
    afterEach(() => host.dispose());

    async function plan(
      parts: Partial<HostPolicy> = {},
      hosts: readonly string[] = ['10.0.0.1', '10.0.0.2'],
    ): Promise<FirewallPlan> {
      const links = await host.platform.interfaces();
      return buildPlan({
        policy: aHostPolicy(parts),
        sets: new Map([['s_web', { id: 's_web', hosts, ranges: ['10.1.0.0/16'] }]]),
        host: {
          interfaces: links.map((link): HostInterface => ({
            name: link.name,
            profile: 'corporate',
            addresses: link.addresses.map(({ address }) => address),
          })),
          otherInterfaces: 'external',
          pce: [{ address: '203.0.113.1', port: 8443 }],
          resolvers: [],
          names: new Map(),
        },
      });
    }

    test('says what the host is', () => {
      const facts = host.platform.describe();
      expect(facts.hostname).not.toBe('');
      expect(facts.osId).toMatch(/^\S+$/);
      expect(facts.bootId).not.toBe('');
    });

    test('has interfaces with global addresses, without loopback', async () => {
      const links = await host.platform.interfaces();
      expect(links.length).toBeGreaterThan(0);
      const addresses = links.flatMap((link) => link.addresses.map(({ address }) => address));
      expect(addresses).not.toContain('127.0.0.1');
      expect(links.every((link) => link.addresses.length > 0)).toBe(true);
    });

    test('applies a plan and reads it back as planned', async () => {
      const { firewall } = host.platform;
      const wanted = await plan();
      expect(await firewall.differences(wanted)).not.toEqual([]);
      await firewall.apply(wanted);
      expect(await firewall.differences(wanted)).toEqual([]);
      const idle = await plan({ mode: 'idle' });
      await firewall.apply(idle);
      expect(await firewall.differences(idle)).toEqual([]);
      expect(await firewall.differences(wanted)).not.toEqual([]);
    });

    test('moves set members and interfaces without a new table', async () => {
      const { firewall } = host.platform;
      const before = await plan();
      await firewall.apply(before);
      const interfaces = (await host.platform.interfaces()).map((link) => ({
        name: link.name,
        profile: 'external' as const,
        addresses: link.addresses.map(({ address }) => address),
      }));
      const delta = {
        id: 's_web',
        addHosts: ['10.0.0.3', '2001:db8:1::3'],
        removeHosts: ['10.0.0.1'],
        addRanges: ['10.2.0.0/16', '240.0.0.0/4', '2001:db8:2::/48'],
        removeRanges: ['10.1.0.0/16'],
      };
      const after = withInterfaces(withSetDelta(before, delta), interfaces);
      expect(await firewall.move(before, after)).toBe(true);
      expect(await firewall.differences(after)).toEqual([]);
      expect(await firewall.differences(before)).not.toEqual([]);
      expect(await firewall.move(after, before)).toBe(true);
      expect(await firewall.differences(before)).toEqual([]);
      expect(after.interfaces.external).toEqual(interfaces.map((link) => link.name).sort());
    });

    test('what takes other rules is no move, and changes nothing', async () => {
      const { firewall } = host.platform;
      const before = await plan();
      await firewall.apply(before);
      expect(await firewall.move(before, await plan({ mode: 'selective' }))).toBe(false);
      expect(await firewall.move(before, await plan({ mode: 'idle' }))).toBe(false);
      expect(await firewall.differences(before)).toEqual([]);
    });

    test('a change that does not fit what is enforced is refused and changes nothing', async () => {
      const { firewall } = host.platform;
      const enforced = await plan({}, ['10.0.0.1']);
      await firewall.apply(enforced);
      const otherwise = await plan({}, ['10.0.0.1', '10.0.0.9']);
      const delta = {
        id: 's_web',
        addHosts: ['10.0.0.7'],
        removeHosts: ['10.0.0.9'],
        addRanges: [],
        removeRanges: [],
      };
      await expect(firewall.move(otherwise, withSetDelta(otherwise, delta))).rejects.toThrow(
        expect.objectContaining({ name: 'FirewallError' }),
      );
      expect(await firewall.differences(enforced)).toEqual([]);
    });

    test('tells of a change by somebody else, and not of its own', async () => {
      const { firewall } = host.platform;
      const changes: (string | null)[] = [];
      const stop = firewall.watch(({ by }) => changes.push(by));
      const wanted = await plan();
      await firewall.apply(wanted);
      await firewall.move(wanted, withSetDelta(wanted, aMove));
      await host.tamper();
      await until('the change is told', () => changes.length > 0);
      expect(changes).toHaveLength(1);
      expect(await firewall.differences(wanted)).not.toEqual([]);
      stop();
    });

    test('tells of names that the host asked its resolver for, and which addresses it got', async () => {
      const found: ResolvedName[] = [];
      const stop = host.platform.watchNames(
        (address) => address === RESOLVER,
        (names) => found.push(...names),
      );
      await host.resolve('WWW.example.com', '192.0.2.9');
      await until('the name', () => found.length > 0);
      stop();
      await host.resolve('later.example.com', '192.0.2.10');
      expect(found).toEqual([
        { name: 'www.example.com', addresses: [{ address: '192.0.2.9', ttlSeconds: 300 }] },
      ]);
    });

    test('tells of a new address', async () => {
      let events = 0;
      const stop = host.platform.watchNetwork(() => (events += 1));
      await host.addAddress('192.0.2.77', 24);
      await until('the event', () => events > 0);
      const addresses = (await host.platform.interfaces()).flatMap((link) =>
        link.addresses.map(({ address }) => address),
      );
      expect(addresses).toContain('192.0.2.77');
      stop();
    });

    test('unpairing leaves no table of ours', async () => {
      const { firewall } = host.platform;
      const wanted = await plan();
      await firewall.apply(wanted);
      await firewall.restore('saved', 'endpoint');
      expect(await firewall.differences(await plan({ mode: 'idle' }))).toEqual([]);
    });
  });
}
