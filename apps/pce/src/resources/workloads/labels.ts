/** Labels of workloads and pairing profiles: kept as hrefs, at most one per key. */
import type { LabelRef, Ref } from '@bulkhead/contract';
import type { Tx } from '../../db/database.ts';
import { DomainError } from '../../http/domain-error.ts';
import { identityOf, loadNames, refuseUnknown, type Names } from '../../provisioning/references.ts';

export function presentLabels(hrefs: readonly string[], names: Names): LabelRef[] {
  return hrefs.map((href) => {
    const found = names.get(href);
    return { href, key: found?.key ?? '', value: found?.value ?? '' };
  });
}

/** Answers the labels behind references, as they are stored: hrefs in the order of their keys. Throws 406. */
export type LabelResolver = (refs: readonly Ref[]) => string[];

/**
 * Resolves references among these. The labels stay until the transaction ends: a label cannot be deleted while it is being given to
 * something.
 */
export async function labelResolver(
  trx: Tx,
  orgId: number,
  refs: readonly Ref[],
): Promise<LabelResolver> {
  const all = new Set(refs.map(({ href }) => identityOf(href)));
  const ids = [...all].flatMap((href) => /\/labels\/(\d{1,15})$/.exec(href)?.[1] ?? []);
  if (ids.length > 0)
    await trx
      .selectFrom('labels')
      .select('id')
      .where('org_id', '=', orgId)
      .where('id', 'in', ids.map(Number))
      .orderBy('id')
      .forShare()
      .execute();
  const names = await loadNames(trx, orgId, { hrefs: all, word: 'draft' });
  return (given) => labelsOf(names, given);
}

function labelsOf(names: Names, refs: readonly Ref[]): string[] {
  const hrefs = [...new Set(refs.map(({ href }) => identityOf(href)))];
  refuseUnknown(
    names,
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

/** Resolves the references of one object. */
export async function checkedLabels(
  trx: Tx,
  orgId: number,
  refs: readonly Ref[],
): Promise<string[]> {
  return (await labelResolver(trx, orgId, refs))(refs);
}
