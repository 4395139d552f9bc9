/** Resolved names, told apart by the FQDNs that lines name. */
import type { NameCondition } from './difference.ts';
import type { Line } from './kinds.ts';

export interface NameGroup {
  readonly lines: readonly Line[];
  readonly names: readonly NameCondition[];
}

/** Names that the same lines match, by pattern: each pattern stands for what it matches and no narrower pattern does. */
export function nameGroups(named: readonly Line[]): NameGroup[] {
  const linesOf = new Map<string, Set<Line>>();
  for (const line of named) {
    for (const fqdn of line.rule.fqdns) {
      const pattern = fqdn.toLowerCase();
      let lines = linesOf.get(pattern);
      if (lines === undefined) linesOf.set(pattern, (lines = new Set()));
      lines.add(line);
    }
  }
  const groups = new Map<string, { lines: Line[]; names: NameCondition[] }>();
  const narrower = new Map<string, string[]>();
  for (const pattern of linesOf.keys()) {
    for (const wider of widerThan(pattern)) {
      if (!linesOf.has(wider)) continue;
      const list = narrower.get(wider);
      if (list === undefined) narrower.set(wider, [pattern]);
      else list.push(pattern);
    }
  }
  for (const pattern of linesOf.keys()) {
    const matching = new Set(
      [pattern, ...widerThan(pattern)].flatMap((wider) => [...(linesOf.get(wider) ?? [])]),
    );
    const lines = [...matching].sort((a, b) => a.serial - b.serial);
    const key = lines.map(({ serial }) => serial).join();
    const condition = { pattern, except: (narrower.get(pattern) ?? []).sort() };
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { lines, names: [condition] });
    else group.names.push(condition);
  }
  return [...groups.values()];
}

/** Patterns `*.suffix` that match all that a pattern does, but itself. */
function widerThan(pattern: string): string[] {
  const parts = pattern.split('.');
  const own = pattern.startsWith('*.') ? 2 : 1;
  return parts.slice(own).map((_, at) => `*.${parts.slice(own + at).join('.')}`);
}
