/** Labels of workloads and pairing profiles: kept as hrefs, at most one per key. */
import type { LabelRef, Ref } from '@bulkhead/contract';
import type { Tx } from '../../db/database.ts';
import { DomainError } from '../../http/domain-error.ts';
import { checkReferences, identityOf, type Names } from '../../provisioning/references.ts';

export function presentLabels(hrefs: readonly string[], names: Names): LabelRef[] {
  return hrefs.map((href) => {
    const found = names.get(href);
    return { href, key: found?.key ?? '', value: found?.value ?? '' };
  });
}

/**
 * Hrefs of labels that exist, in the order of their keys. They stay until the transaction ends: a label cannot be deleted while it is
 * being given to something.
 */
export async function checkedLabels(
  trx: Tx,
  orgId: number,
  refs: readonly Ref[],
): Promise<string[]> {
  const hrefs = [...new Set(refs.map(({ href }) => identityOf(href)))];
  const ids = hrefs.flatMap((href) => /\/labels\/(\d{1,15})$/.exec(href)?.[1] ?? []).map(Number);
  if (ids.length > 0)
    await trx
      .selectFrom('labels')
      .select('id')
      .where('org_id', '=', orgId)
      .where('id', 'in', ids)
      .orderBy('id')
      .forShare()
      .execute();
  const names = await checkReferences(
    trx,
    orgId,
    hrefs.map((href, index) => ({ href, kind: 'labels', member: `labels[${index}]` })),
  );
  const byKey = new Map<string, string>();
  for (const href of hrefs) {
    const key = names.get(href)?.key ?? '';
    const other = byKey.get(key);
    if (other !== undefined)
      throw new DomainError(
        'input_validation_error',
        `labels: "${names.get(other)?.value ?? other}" and "${names.get(href)?.value ?? href}" are both of the key ${key}; give at most one label of each key`,
      );
    byKey.set(key, href);
  }
  return [...byKey.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, href]) => href);
}
