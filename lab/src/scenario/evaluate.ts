/** Answers the expectations of a scenario with `decide` and the compiled host policies of the core. */
import { canonicalAddress, formatSpan, joinSpans, parseAddress, parseSpan } from '@bulkhead/net';
import {
  createPolicyCore,
  decidersOf,
  endDeciders,
  judgeDecision,
  PROTOCOLS,
  type Connection,
  type DecidingRule,
  type EndDecision,
  type EndExpectation as EndExpected,
  type Expectation as Expected,
  type PolicyCore,
} from '@bulkhead/policy';
import type { EndExpectation, Expectation, Fault, Scenario } from './format.ts';
import { protocolNumber } from './service-text.ts';
import type { Host, Translation } from './translate.ts';

interface Mismatch {
  /** Path of the expectation, such as `['expect', 3]`. */
  readonly path: readonly (string | number)[];
  readonly connection: string;
  readonly expected: string;
  readonly got: string;
  readonly explanation: readonly string[];
}

export interface Outcome {
  readonly expectations: number;
  readonly mismatches: readonly Mismatch[];
}

interface Asked {
  readonly path: readonly (string | number)[];
  readonly expectation: Expectation;
  readonly connection: Connection;
  readonly text: string;
}

const DHCP_PORTS = [67, 68, 546, 547];

/** Connections that a scenario asks about, one per combination, and faults where one cannot be made. */
export function askedConnections(
  scenario: Scenario,
  translation: Translation,
): { readonly asked: readonly Asked[]; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const asked = scenario.expect.flatMap((expectation, index) => {
    const path = ['expect', index];
    const protocol = protocolNumber(expectation.proto) ?? PROTOCOLS.tcp;
    const hasPorts = [PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp].some((p) => p === protocol);
    const ports: readonly (number | null)[] = expectation.port ?? [null];
    if (hasPorts !== (expectation.port !== undefined)) {
      const message = hasPorts
        ? 'is required for tcp, udp and sctp'
        : 'only tcp, udp and sctp have one';
      faults.push({ path: [...path, 'port'], message });
    }
    if (protocol === PROTOCOLS.udp && ports.some((port) => DHCP_PORTS.includes(port ?? 0))) {
      faults.push({
        path: [...path, 'port'],
        message: 'DHCP always passes; ask about another port',
      });
    }
    const named = [
      { at: ['by'], names: expectation.by ?? [] },
      { at: ['outbound', 'by'], names: namesIn(expectation.outbound) },
      { at: ['inbound', 'by'], names: namesIn(expectation.inbound) },
    ];
    for (const { at, names } of named) {
      for (const name of names) {
        if (['default', 'essential'].includes(name) || translation.statements.has(name)) continue;
        const message = `there is no rule or boundary named "${name}"`;
        faults.push({ path: [...path, ...at], message });
      }
    }
    const icmpOnly = ['icmp_type', 'icmp_code'] as const;
    const isIcmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
    for (const field of isIcmp ? [] : icmpOnly) {
      if (expectation[field] === undefined) continue;
      faults.push({ path: [...path, field], message: 'only icmp and icmpv6 have one' });
    }
    return expectation.from.flatMap((from) =>
      expectation.to.flatMap((to) =>
        ports.flatMap((port): Asked[] => {
          const ends = pickEnds(translation, { from, to, protocol }, expectation);
          if ('message' in ends) {
            faults.push({ path: [...path, ...ends.path], message: ends.message });
            return [];
          }
          const icmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
          const echo = protocol === PROTOCOLS.icmp ? 8 : 128;
          const connection: Connection = {
            ...ends,
            protocol,
            port,
            icmpType: icmp ? (expectation.icmp_type ?? echo) : null,
            icmpCode: icmp ? (expectation.icmp_code ?? 0) : null,
          };
          const service = port === null ? `${expectation.proto}` : `${expectation.proto}/${port}`;
          const text = `${from} (${ends.source.address}) -> ${to} (${ends.destination.address}) ${service}`;
          return [{ path, expectation, connection, text }];
        }),
      ),
    );
  });
  return { asked, faults };
}

function namesIn(end: EndExpectation | undefined): readonly string[] {
  return typeof end === 'object' ? (end.by ?? []) : [];
}

function pickEnds(
  translation: Translation,
  ends: { readonly from: string; readonly to: string; readonly protocol: number },
  item: Expectation,
): Pick<Connection, 'source' | 'destination'> | Fault {
  const from = translation.hosts.get(ends.from);
  const to = translation.hosts.get(ends.to);
  if (from === undefined)
    return { path: ['from'], message: `there is no host named "${ends.from}"` };
  if (to === undefined) return { path: ['to'], message: `there is no host named "${ends.to}"` };
  for (const field of ['from_address', 'to_address'] as const) {
    const text = item[field];
    if (text !== undefined && parseAddress(text) === null) {
      const message = `"${text}" is not an address; write one such as 10.0.1.10`;
      return { path: [field], message };
    }
  }
  const choices = (host: Host, address: string | undefined, name: string | undefined) =>
    host.addresses.filter(
      (entry) =>
        (address === undefined || canonicalAddress(entry.address) === canonicalAddress(address)) &&
        (name === undefined || entry.interfaceName === name),
    );
  for (const [host, field] of [
    [from, 'from_interface'],
    [to, 'to_interface'],
  ] as const) {
    if (host.workload === null && item[field] !== undefined) {
      return { path: [field], message: `${host.name} is an external host; it has no interfaces` };
    }
  }
  const sources = choices(from, item.from_address, item.from_interface);
  const targets = choices(to, item.to_address, item.to_interface);
  const family = familyOf(ends.protocol, item, [sources, targets]);
  const pick = (list: typeof sources) =>
    list.find((entry) => familyOfText(entry.address) === family);
  const [source, target] = [pick(sources), pick(targets)];
  if (source === undefined) {
    return { path: ['from'], message: `"${ends.from}" has no such address of IPv${family}` };
  }
  if (target === undefined) {
    return { path: ['to'], message: `"${ends.to}" has no such address of IPv${family}` };
  }
  return { source: end(from, source), destination: end(to, target) };
}

function end(host: Host, entry: Host['addresses'][number]): Connection['source'] {
  return {
    workload: host.workload,
    address: entry.address,
    interfaceName: host.workload === null ? null : entry.interfaceName,
    fqdn: host.fqdn,
  };
}

function familyOfText(text: string): 4 | 6 {
  return parseAddress(text)?.family ?? 4;
}

function familyOf(
  protocol: number,
  item: Expectation,
  ends: readonly (readonly { readonly address: string }[])[],
): 4 | 6 {
  if (item.family !== undefined) return item.family === 'ipv4' ? 4 : 6;
  const given = item.from_address ?? item.to_address;
  if (given !== undefined) return familyOfText(given);
  if (protocol === PROTOCOLS.icmp) return 4;
  if (protocol === PROTOCOLS.icmpv6) return 6;
  return ends.every((list) => list.some((e) => familyOfText(e.address) === 4)) ? 4 : 6;
}

/** Evaluates every expectation. */
export function evaluateScenario(
  scenario: Scenario,
  translation: Translation,
  asked: readonly Asked[],
): Outcome {
  const core = createPolicyCore(translation.model);
  const decisions = asked.flatMap((item) => checkDecision(core, item) ?? []);
  const subnets = scenario.expect_subnets.flatMap(
    (item, index) =>
      checkSubnets(core, translation, { item, path: ['expect_subnets', index] }) ?? [],
  );
  return {
    expectations: asked.length + scenario.expect_subnets.length,
    mismatches: [...decisions, ...subnets],
  };
}

const nameOf = ({ name }: DecidingRule): string => name;

/** What is written about one end, for the judge: a decision alone is short for its object. */
function endOf(end: EndExpectation | undefined): EndExpected | undefined {
  return typeof end === 'string' ? { decision: end } : end;
}

function checkDecision(
  core: PolicyCore,
  { path, expectation, connection, text }: Asked,
): Mismatch | null {
  const decision = core.decide(connection);
  const expected: Expected = {
    decision: expectation.decision,
    by: expectation.by,
    outbound: endOf(expectation.outbound),
    inbound: endOf(expectation.inbound),
  };
  const faults = judgeDecision(expected, decision, nameOf);
  if (faults.length === 0) return null;
  const by = expectation.by === undefined ? '' : ` by ${expectation.by.join(', ')}`;
  const note = expectation.note === undefined ? [] : [`note: ${expectation.note}`];
  return {
    path,
    connection: text,
    expected: `${expectation.decision}${by}`,
    got: `${decision.decision} by ${decidersOf(decision, nameOf).join(', ') || 'nobody'}`,
    explanation: [
      ...faults,
      explain('outbound', decision.outbound),
      explain('inbound', decision.inbound),
      ...note,
    ],
  };
}

function explain(direction: string, end: EndDecision | null): string {
  if (end === null) return `${direction}: no say`;
  const place = `${end.interfaceName ?? 'no interface'}, ${end.networkProfile}, ${end.mode}`;
  return `${direction}: ${end.decision} by ${endDeciders(end, nameOf).join(', ')} (${place})`;
}

function checkSubnets(
  core: PolicyCore,
  translation: Translation,
  { item, path }: { item: Scenario['expect_subnets'][number]; path: readonly (string | number)[] },
): Mismatch | null {
  const workload = translation.hosts.get(item.workload)?.workload ?? '';
  const href = translation.statements.get(item.rule);
  const policy = core.hostPolicy(workload);
  const direction = item.peers === 'providers' ? 'outbound' : 'inbound';
  const profiles = translation.model.workloads
    .find((entry) => entry.href === workload)
    ?.interfaces.map((entry) => entry.networkProfile);
  const members = (policy?.rules ?? [])
    .filter((rule) => rule.origin.href === href && rule.direction === direction)
    .filter(
      ({ networkType }) =>
        networkType === 'all' ||
        profiles?.includes(networkType === 'brn' ? 'corporate' : 'external') === true,
    )
    .flatMap((rule) => rule.peers)
    .flatMap((id) => {
      const set = core.addressSet(id);
      return set === undefined ? [] : [...set.hosts, ...set.ranges];
    });
  const got = canonical(members);
  const expected = canonical(item.addresses);
  if (got === expected) return null;
  return {
    path,
    connection: `${item.workload}: ${item.peers} of ${item.rule}`,
    expected: expected || 'nothing',
    got: got || 'nothing',
    explanation: item.note === undefined ? [] : [`note: ${item.note}`],
  };
}

function canonical(texts: readonly string[]): string {
  const spans = texts.flatMap((text) => {
    const parsed = parseSpan(text);
    return parsed.ok ? [parsed.value] : [];
  });
  return joinSpans(spans).map(formatSpan).join(' ');
}
