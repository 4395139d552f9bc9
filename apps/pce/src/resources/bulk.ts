/** Many objects in one call: each item is its own transaction, and one that fails never fails the call. */
import { z } from 'zod';
import type { BulkResult } from '@bulkhead/contract';
import type { Db } from '../db/database.ts';
import { writeTransaction } from '../db/transaction.ts';
import { DomainError } from '../http/domain-error.ts';
import type { WriteContext } from '../provisioning/drafts.ts';

const named = z.object({ href: z.string() });
const members = z.record(z.string(), z.unknown());

/** Answers one result an item, in their order. */
export async function eachItem(
  context: Omit<WriteContext, 'db'> & { readonly db: Db; readonly body: readonly unknown[] },
  work: (own: WriteContext, item: unknown) => Promise<BulkResult>,
): Promise<BulkResult[]> {
  const results: BulkResult[] = [];
  for (const item of context.body) {
    try {
      results.push(
        await writeTransaction(context.db, (trx) =>
          work({ ...context, db: trx, ifUpdatedAt: null }, item),
        ),
      );
    } catch (error) {
      results.push(failureOf(item, error));
    }
  }
  return results;
}

/** An item that failed, as its result. What is not the caller's mistake is thrown on. */
export function failureOf(item: unknown, error: unknown): BulkResult {
  if (!(error instanceof DomainError)) throw error;
  const { token, message } = error;
  const href = named.safeParse(item).data?.href;
  return {
    ...(href === undefined ? {} : { href }),
    status: token === 'input_validation_error' ? 'validation_failure' : 'error',
    token,
    message,
  };
}

/** An item of a bulk update as members by name. */
export function membersOf(item: unknown): Record<string, unknown> {
  const parsed = members.safeParse(item);
  if (parsed.success) return parsed.data;
  throw new DomainError(
    'input_validation_error',
    'an item is an object with the href, and with the members to change',
  );
}
