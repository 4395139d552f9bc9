/** What a unit says to the hosts on its two sides, as lines of host policies. Made once for each unit. */
import type { HostRule } from '../host-policy.ts';
import type { ServicePort } from '../model.ts';
import { normalizeServices } from '../services.ts';
import type { Line, Part, Unit, UnitLines } from './graph.ts';
import type { SetState } from './set-state.ts';

const NO_LINES: readonly Line[] = [];
const NO_TEXTS: readonly string[] = [];
/** Many rules share their services. */
const servicesTexts = new WeakMap<readonly ServicePort[], string>();

export function compileLines(unit: Unit): UnitLines {
  const consumers = peersOf(unit.consumers);
  const inbound = unit.providers.map((part) =>
    // a part without members is of no workload: nobody has its inbound lines
    part.members === null
      ? NO_LINES
      : inboundLines(unit, consumers, part.services ?? unit.services),
  );
  // a boundary is enforced outbound only towards IP lists; towards workloads their own inbound side does it
  const targets =
    unit.action === 'deny'
      ? unit.providers.filter((part) => part.source.kind === 'ip_list')
      : unit.providers;
  const outbound = byServices(targets).flatMap((parts) => {
    const asked = parts[0]?.services ?? unit.services;
    // who lets a program be reached lets its port be; who blocks a program does not block all others on its port
    const services =
      unit.action === 'allow'
        ? withoutPrograms(asked)
        : asked.filter((port) => !namesProgram(port));
    const named = parts.some((part) => part.fqdns.length > 0);
    const fqdns = named ? [...new Set(parts.flatMap((part) => part.fqdns))].sort() : NO_TEXTS;
    const on = unit.principals.length > 0 ? 'windows' : 'any';
    return line(unit, 'outbound', { sets: peersOf(parts), fqdns, services, on });
  });
  return { inbound, outbound };
}

/** Programs count on the provider: hosts that cannot tell them get the line without the entries that name one. */
function inboundLines(
  unit: Unit,
  sets: readonly SetState[],
  services: readonly ServicePort[],
): readonly Line[] {
  const match = { sets, fqdns: NO_TEXTS };
  if (!services.some(namesProgram)) {
    return line(unit, 'inbound', { ...match, services, on: 'any' });
  }
  const plain = services.filter((port) => !namesProgram(port));
  return [
    ...line(unit, 'inbound', { ...match, services, on: 'windows' }),
    ...line(unit, 'inbound', { ...match, services: plain, on: 'other' }),
  ];
}

function namesProgram(port: ServicePort): boolean {
  return port.process !== undefined || port.windowsService !== undefined;
}

function withoutPrograms(services: readonly ServicePort[]): readonly ServicePort[] {
  if (!services.some(namesProgram)) return services;
  return normalizeServices(
    services.map(({ protocol, port, toPort, icmpType, icmpCode }) => ({
      protocol,
      port,
      toPort,
      icmpType,
      icmpCode,
    })),
  );
}

function peersOf(parts: readonly Part[]): readonly SetState[] {
  const sets = parts.map((part) => part.set);
  return sets.length < 2 ? sets : [...new Set(sets)].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Parts with equal services share a line. */
function byServices(parts: readonly Part[]): readonly (readonly Part[])[] {
  if (parts.every((part) => part.services === null)) return parts.length === 0 ? [] : [parts];
  const groups = new Map<string, Part[]>();
  for (const part of parts) {
    const key = JSON.stringify(part.services);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [part]);
    else group.push(part);
  }
  return [...groups.values()];
}

interface Match {
  readonly sets: readonly SetState[];
  readonly fqdns: readonly string[];
  readonly services: readonly ServicePort[];
  readonly on: Line['on'];
}

function line(unit: Unit, direction: HostRule['direction'], match: Match): readonly Line[] {
  const { sets, fqdns, services, on } = match;
  // a line that can match nothing is left out, so that no reader can take an empty list for everybody
  if (services.length === 0 || (sets.length === 0 && fqdns.length === 0)) return NO_LINES;
  const rule: HostRule = {
    action: unit.action,
    direction,
    networkType: unit.networkType,
    peers: sets.map((set) => set.id),
    fqdns,
    services,
    stateless: unit.stateless,
    principals: direction === 'outbound' ? unit.principals : NO_TEXTS,
    origin: { href: unit.href, version: unit.version },
  };
  return [{ rule, sets, on, digest: null }];
}

/** In the order of host policies: equal content is equal. */
export function compareRules(a: HostRule, b: HostRule): number {
  if (a === b) return 0;
  if (a.direction !== b.direction) return a.direction < b.direction ? -1 : 1;
  if (a.action !== b.action) return a.action < b.action ? -1 : 1;
  const [one, other] = [a.origin.href, b.origin.href];
  if (one !== other) return one < other ? -1 : 1;
  const [left, right] = [textOf(a), textOf(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** What is hashed of a rule. What people write is in JSON, so that no text of theirs can pass for two fields. */
export function textOf(rule: HostRule): string {
  const { action, direction, networkType, peers, fqdns, services, stateless, principals } = rule;
  const { href, version } = rule.origin;
  const head = `${direction} ${action} ${href} ${peers.join()} ${version} ${networkType} ${stateless}`;
  const lists = fqdns.length + principals.length === 0 ? '' : JSON.stringify([fqdns, principals]);
  return `${head} ${servicesText(services)}${lists}`;
}

function servicesText(services: readonly ServicePort[]): string {
  let text = servicesTexts.get(services);
  if (text === undefined) {
    text = JSON.stringify(services);
    servicesTexts.set(services, text);
  }
  return text;
}
