/** Flows of a completed query: kept in parts, so that none is large, and written to the client part by part. */
import type { FlowWire } from '@bulkhead/contract';
import { json, type Db, type Tx } from '../db/database.ts';
import type { CsvForm } from './csv.ts';

export const PART = 2000;

export async function storeFlows(
  trx: Tx,
  queryId: string,
  flows: readonly FlowWire[],
): Promise<void> {
  await trx.deleteFrom('async_query_results').where('query_id', '=', queryId).execute();
  for (let part = 0; part * PART < flows.length; part += 1)
    await trx
      .insertInto('async_query_results')
      .values({
        query_id: queryId,
        part,
        rows: json<unknown[]>(flows.slice(part * PART, (part + 1) * PART)),
      })
      .execute();
}

export async function readPart(
  db: Db,
  queryId: string,
  part: number,
): Promise<FlowWire[] | undefined> {
  const row = await db
    .selectFrom('async_query_results')
    .select('rows')
    .where('query_id', '=', queryId)
    .where('part', '=', part)
    .executeTakeFirst();
  // Written by this program from what it presented.
  return row?.rows as FlowWire[] | undefined;
}

export async function* resultParts(db: Db, queryId: string): AsyncGenerator<FlowWire[]> {
  for (let part = 0; ; part += 1) {
    const flows = await readPart(db, queryId, part);
    if (flows === undefined) return;
    yield flows;
  }
}

export async function* jsonText(parts: AsyncIterable<FlowWire[]>): AsyncGenerator<string> {
  let separator = '[';
  for await (const flows of parts) {
    yield flows
      .map((flow) => {
        const text = separator + JSON.stringify(flow);
        separator = ',';
        return text;
      })
      .join('');
  }
  yield separator === '[' ? '[]' : ']';
}

export async function* csvText(
  form: CsvForm,
  parts: AsyncIterable<FlowWire[]>,
): AsyncGenerator<string> {
  yield form.header();
  for await (const flows of parts) yield flows.map((flow) => form.line(flow)).join('');
}
