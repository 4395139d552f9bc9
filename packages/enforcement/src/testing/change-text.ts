import { elementChanges } from '../nftables/element-change.ts';
import type { FirewallPlan } from '../plan/plan.ts';

/** What leads from one plan to another, for `nft -f`. Throws where it is more than elements. */
export function changeText(before: FirewallPlan, after: FirewallPlan): string {
  const changes = elementChanges(before, after);
  if (changes === null) throw new Error('the table must be replaced');
  const line = (
    verb: string,
    { set, table }: { set: string; table: string },
    keys: { key: string }[],
  ) =>
    keys.length === 0
      ? []
      : [`${verb} element inet ${table} ${set} { ${keys.map(({ key }) => key).join(', ')} }\n`];
  return [
    ...changes.flatMap((change) => line('delete', change, [...change.remove])),
    ...changes.flatMap((change) => line('add', change, [...change.add])),
  ].join('');
}
