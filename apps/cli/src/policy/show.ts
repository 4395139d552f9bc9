/** A plan, and what connections it gains and loses, as lines for people. */
import { stringify } from 'yaml';
import type { PolicyDifferenceWire } from '@bulkhead/contract';
import { NOUNS } from './format.ts';
import type { Change } from './plan.ts';
import { portText } from './service-text.ts';

const SIGNS = { create: '+', update: '~', restore: '+', delete: '-' } as const;
const WORDS = {
  create: 'is created',
  update: 'is changed',
  restore: 'is taken back from deletion',
  delete: 'is deleted',
} as const;

export function changeLine({ action, section, name }: Change): string {
  return `${SIGNS[action]} ${NOUNS[section]} "${name}" ${WORDS[action]}`;
}

/** One line for each object, and below it one for each member that is not what it was. */
export function planLines(changes: readonly Change[]): string[] {
  return changes.flatMap((change) => [
    changeLine(change),
    ...(change.action === 'delete'
      ? []
      : change.members
          .filter(({ member }) => member !== 'name')
          .flatMap(({ member, before, after }) => memberLines(member, before, after))),
  ]);
}

/** Lists are shown by what came and what went; everything else by its value before and after. */
function memberLines(member: string, before: unknown, after: unknown): string[] {
  if (Array.isArray(before ?? []) && Array.isArray(after ?? [])) {
    const old = texts(before);
    const now = texts(after);
    const lines = [
      ...without(old, now).map((one) => `    - ${member}: ${one}`),
      ...without(now, old).map((one) => `    + ${member}: ${one}`),
    ];
    return lines.length > 0 ? lines : [`    ~ ${member}: in another order`];
  }
  const sign = before === undefined ? '+' : after === undefined ? '-' : '~';
  const change = before === undefined || after === undefined ? '' : ` (was ${text(before)})`;
  return [`    ${sign} ${member}: ${text(after ?? before)}${change}`];
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.map(text) : [];
}

/** What is in a list more often than in another. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return list.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function text(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}

type Entry = PolicyDifferenceWire['gained'][number];
type Side = Entry['consumers'];

/** Connections that the draft allows and active policy does not, and the other way round. */
export function differenceLines(difference: PolicyDifferenceWire): string[] {
  const { gained, lost, totals, truncated } = difference;
  return [
    ...directionLines('Gained', gained, totals.gained),
    ...directionLines('Lost', lost, totals.lost),
    ...(truncated ? ['Only the largest are listed; the counts are of all.'] : []),
  ];
}

function directionLines(
  title: string,
  entries: readonly Entry[],
  totals: PolicyDifferenceWire['totals']['gained'],
): string[] {
  if (totals.entries === 0) return [`${title}: nothing`];
  return [
    `${title}: ${totals.pairs} pairs of addresses of workloads, ${totals.with_outside} addresses of workloads towards outside`,
    ...entries.map(
      (entry) =>
        `  ${sideText(entry.consumers)} to ${sideText(entry.providers)} on ${entry.services.map(portsOf).join(', ')}` +
        `${entry.except.length === 0 ? '' : ` without ${entry.except.map(portsOf).join(', ')}`}: ` +
        `${entry.to}, was ${entry.from}${causeText(entry)}`,
    ),
  ];
}

function portsOf(port: Entry['services'][number]): string {
  return portText({ ...port, proto: port.protocol });
}

function sideText(side: Side): string {
  if (side.kind === 'outside') return side.spans.join(', ');
  const more = side.count - side.workloads.length;
  return `${side.workloads.map(({ name }) => name).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function causeText({ because }: Entry): string {
  const causes = because.map((cause) =>
    'end' in cause
      ? `the ${cause.kind === 'enforcement' ? 'enforcement' : 'IPv6 mode'} of the ${cause.end} changed`
      : `${cause.kind} "${cause.name}" was ${cause.change}`,
  );
  return causes.length === 0 ? '' : ` (${causes.join('; ')})`;
}
