import process from 'node:process';
import { parseAddress, parseSpan } from '@bulkhead/net';
import { applyToModel, connection, policyChange, policyModel } from '@bulkhead/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isEssential } from '../essential.ts';
import {
  createPolicyCore,
  fqdnMatches,
  naiveDecide,
  servicesMatch,
  type Connection,
  type ConnectionEnd,
  type PolicyModel,
} from '../index.ts';
import type {
  DifferenceEntry,
  DifferenceSide,
  NameCondition,
  PolicyDifference,
} from './difference.ts';
import { findDifference, policyDifference } from './policy-difference.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
process.stdout.write(`difference properties: FAST_CHECK_SEED=${SEED}\n`);

const EVERYTHING = { limit: Number.POSITIVE_INFINITY, names: Number.POSITIVE_INFINITY };

function nameFits({ pattern, except }: NameCondition, fqdn: string | null): boolean {
  if (fqdn === null || !fqdnMatches(pattern, fqdn)) return false;
  return !except.some((narrower) => fqdnMatches(narrower, fqdn));
}

function sideHolds(side: DifferenceSide, end: ConnectionEnd): boolean {
  if (side.kind === 'workloads') {
    return side.workloads.some(
      ({ href, addresses }) =>
        href === end.workload &&
        addresses.some(
          ({ interfaceName, address }) =>
            address === end.address && interfaceName === end.interfaceName,
        ),
    );
  }
  const address = parseAddress(end.address);
  const within = side.spans.some((text) => {
    const span = parseSpan(text);
    if (!span.ok || address === null || span.value.family !== address.family) return false;
    return span.value.first <= address.value && address.value <= span.value.last;
  });
  if (end.workload !== null || !within) return false;
  if (side.names.length > 0) return side.names.some((name) => nameFits(name, end.fqdn));
  return !side.exceptNames.some((name) => nameFits(name, end.fqdn));
}

function programFits(program: DifferenceEntry['program'], end: ConnectionEnd): boolean {
  if (program === null) return true;
  const process = end.process?.toLowerCase();
  const { windowsService } = end;
  const is = (wanted: string | null, given: string | undefined, others: readonly string[]) =>
    wanted === null ? given === undefined || !others.includes(given) : given === wanted;
  return (
    is(program.process, process, program.others.processes) &&
    is(program.windowsService, windowsService, program.others.windowsServices)
  );
}

/** Of users in one group, or none. */
function userFits(user: DifferenceEntry['user'], end: ConnectionEnd): boolean {
  if (user === null) return true;
  const [sid] = end.principals ?? [];
  return user.sid === null ? sid === undefined || !user.others.includes(sid) : user.sid === sid;
}

function holds(entry: DifferenceEntry, item: Connection): boolean {
  return (
    programFits(entry.program, item.destination) &&
    userFits(entry.user, item.source) &&
    sideHolds(entry.consumers, item.source) &&
    sideHolds(entry.providers, item.destination) &&
    servicesMatch(entry.services, item) &&
    !servicesMatch(entry.except, item)
  );
}

/** The connection with its interfaces named; null where it is none that could be, or one that is not spoken of. */
function spokenOf(item: Connection, models: readonly PolicyModel[]): Connection | null {
  const families = [item.source, item.destination].map(({ address }) => address.includes(':'));
  if (families[0] !== families[1] || isEssential(item)) return null;
  const owned = (address: string) =>
    models.some((model) =>
      model.workloads.some(({ interfaces }) =>
        interfaces.some((entry) => entry.addresses.some((own) => own.address === address)),
      ),
    );
  const named = (end: ConnectionEnd): ConnectionEnd | null => {
    if (end.workload === null) return owned(end.address) ? null : end;
    if (end.interfaceName !== null) return end;
    const names = models.map(
      (model) =>
        model.workloads
          .find(({ href }) => href === end.workload)
          ?.interfaces.find((entry) =>
            entry.addresses.some(({ address }) => address === end.address),
          )?.name,
    );
    const [first] = names;
    return first === undefined || names.some((name) => name !== first)
      ? null
      : { ...end, interfaceName: first };
  };
  // a user in several groups is decided as in the one that lets most pass; entries are of one group
  const source = named({ ...item.source, principals: item.source.principals?.slice(0, 1) ?? [] });
  const destination = named(item.destination);
  return source === null || destination === null ? null : { ...item, source, destination };
}

const RANK = { allowed: 0, potentially_blocked: 1, blocked: 2 };

function expectExact(
  [before, after]: readonly [PolicyModel, PolicyModel],
  connections: readonly Connection[],
  oneByOne = 1_000,
): PolicyDifference {
  const states = [createPolicyCore(before), createPolicyCore(after)] as const;
  const found = findDifference(...states, { ...EVERYTHING, oneByOne });
  for (const drawn of connections) {
    const item = spokenOf(drawn, [before, after]);
    if (item === null) continue;
    const from = naiveDecide(before, item).decision;
    const to = naiveDecide(after, item).decision;
    const gained = found.gained.filter((entry) => holds(entry, item));
    const lost = found.lost.filter((entry) => holds(entry, item));
    const said = [...gained, ...lost].map((entry) => ({ from: entry.from, to: entry.to }));
    expect({ item, said }).toEqual({ item, said: from === to ? [] : [{ from, to }] });
    expect(gained.length).toBe(RANK[to] < RANK[from] ? 1 : 0);
  }
  return found;
}

const twoStates = fc
  .tuple(policyModel(), fc.array(policyChange(), { minLength: 1, maxLength: 4 }))
  .chain(([start, changes]) => {
    const before = start;
    const after = changes.reduce(applyToModel, start);
    const drawn = (model: PolicyModel) =>
      fc.array(connection(model), { minLength: 60, maxLength: 60 });
    return fc.record({
      before: fc.constant(before),
      after: fc.constant(after),
      connections: fc.tuple(drawn(before), drawn(after)).map((both) => both.flat()),
    });
  });

describe('the difference of two policies', { timeout: 120_000 }, () => {
  test('names each connection once if the reference evaluator decides it otherwise, and else never', () => {
    fc.assert(
      fc.property(
        twoStates,
        fc.constantFrom(0, 4, 1_000),
        ({ before, after, connections }, few) => {
          expectExact([before, after], connections, few);
        },
      ),
      { seed: SEED, numRuns: 120 },
    );
  });

  test('says why: each entry names what decides, and only what is in force in one state is added or removed', () => {
    fc.assert(
      fc.property(twoStates, ({ before, after }) => {
        const states = [createPolicyCore(before), createPolicyCore(after)] as const;
        const { gained, lost } = policyDifference(...states, EVERYTHING);
        for (const { because } of [...gained, ...lost]) {
          expect(because.length).toBeGreaterThan(0);
          for (const cause of because) {
            if (cause.kind !== 'rule' && cause.kind !== 'boundary') continue;
            const inForce = states.map((state) => state.statement(cause.href) !== undefined);
            const change = { added: [false, true], removed: [true, false], changed: [true, true] };
            expect(inForce).toEqual(change[cause.change]);
          }
        }
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  test('of one workload is the part that it is an end of', () => {
    fc.assert(
      fc.property(twoStates, fc.constantFrom(0, 1_000), ({ before, after, connections }, few) => {
        const [workload] = after.workloads;
        if (workload === undefined) return;
        const states = [createPolicyCore(before), createPolicyCore(after)] as const;
        const options = { ...EVERYTHING, oneByOne: few };
        const whole = findDifference(...states, options);
        const part = findDifference(...states, { ...options, workload: workload.href });
        for (const drawn of connections) {
          const item = spokenOf(drawn, [before, after]);
          if (item === null) continue;
          const isEnd = [item.source, item.destination].some(
            (end) => end.workload === workload.href,
          );
          const count = (entries: readonly DifferenceEntry[]) =>
            entries.filter((entry) => holds(entry, item)).length;
          expect(count(part.gained)).toBe(isEnd ? count(whole.gained) : 0);
          expect(count(part.lost)).toBe(isEnd ? count(whole.lost) : 0);
        }
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  test('is the other way round from after to before', () => {
    const turned = (entries: readonly DifferenceEntry[]) =>
      entries
        .map(({ consumers, providers, services, except, from, to }) =>
          JSON.stringify({ consumers, providers, services, except, from: to, to: from }),
        )
        .toSorted();
    const plainly = (entries: readonly DifferenceEntry[]) =>
      entries
        .map(({ consumers, providers, services, except, from, to }) =>
          JSON.stringify({ consumers, providers, services, except, from, to }),
        )
        .toSorted();
    fc.assert(
      fc.property(twoStates, ({ before, after }) => {
        const [a, b] = [createPolicyCore(before), createPolicyCore(after)];
        const there = policyDifference(a, b, EVERYTHING);
        const back = policyDifference(b, a, EVERYTHING);
        expect(back.totals).toEqual({ gained: there.totals.lost, lost: there.totals.gained });
        expect(plainly(back.gained)).toEqual(turned(there.lost));
      }),
      { seed: SEED, numRuns: 40 },
    );
  });
});
