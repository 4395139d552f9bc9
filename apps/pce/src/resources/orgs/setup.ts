/** The first organization with its owner. */
import { z } from 'zod';
import type { Role } from '@bulkhead/contract';
import type { Db, Tx } from '../../db/database.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { hashPassword } from '../../http/secrets.ts';
import { OperationalError } from '../../operational-error.ts';
import { SYSTEM } from '../../provisioning/present.ts';

const schema = z.object({
  org: z.string().trim().min(1, 'the organization needs a name').max(255),
  admin: z
    .email("the administrator's e-mail address is not one")
    .max(255)
    .transform((text) => text.toLowerCase()),
  password: z.string().min(8, 'the password needs at least 8 characters').max(1024),
});
export type SetupRequest = z.infer<typeof schema>;

/** Fills a new organization with what every one has; called in the transaction that creates it. */
export type Seeder = (trx: Tx, orgId: number) => Promise<void>;

export function parseSetup(request: {
  org: string;
  admin: string;
  password: string;
}): SetupRequest {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  throw new OperationalError(
    `Cannot set up: ${parsed.error.issues.map((issue) => issue.message).join('; ')}`,
  );
}

export async function isSetUp(db: Db): Promise<boolean> {
  return (await db.selectFrom('orgs').select('id').limit(1).executeTakeFirst()) !== undefined;
}

/** Answers the organization's number. Refuses a PCE that has one. */
export async function setUp(
  db: Db,
  request: SetupRequest,
  seeders: readonly Seeder[],
): Promise<number> {
  const passwordHash = await hashPassword(request.password);
  return writeTransaction(db, async (trx) => {
    if (await isSetUp(trx))
      throw new OperationalError(
        'This PCE is set up already; sign in with its administrator, or choose another folder with --data',
      );
    const org = await trx
      .insertInto('orgs')
      .values({ display_name: request.org })
      .returning('id')
      .executeTakeFirstOrThrow();
    await trx
      .insertInto('users')
      .values({
        org_id: org.id,
        username: request.admin,
        password_hash: passwordHash,
        full_name: null,
      })
      .execute();
    await givePermission(trx, org.id, { type: 'user', name: request.admin, role: 'owner' });
    await givePermission(trx, org.id, { type: 'group', name: null, role: 'read_only' });
    for (const seed of seeders) await seed(trx, org.id);
    return org.id;
  });
}

/** Everywhere. A group without a name stands for every user. */
async function givePermission(
  trx: Tx,
  orgId: number,
  {
    role,
    ...principal
  }: { readonly type: 'user' | 'group'; readonly name: string | null; readonly role: Role },
): Promise<void> {
  const audited = { created_by: SYSTEM, updated_by: SYSTEM };
  const { id } = await trx
    .insertInto('auth_security_principals')
    .values({ org_id: orgId, ...principal, ...audited })
    .returning('id')
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('permissions')
    .values({ org_id: orgId, principal_id: id, role, ...audited })
    .execute();
}
