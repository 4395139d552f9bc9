/** API keys that have served their time: they stay listed for a while, then they go. */
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import { ORG_SETTINGS } from '../../access/settings.ts';
import { readSetting } from '../../db/settings.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { apiKeyHref, apiKeyMembers, type ApiKeyRow } from './store.ts';

export async function deleteExpiredKeys(
  deps: Pick<Deps, 'db' | 'clock' | 'config'>,
): Promise<void> {
  const orgs = await deps.db.selectFrom('orgs').select('id').execute();
  for (const { id } of orgs) await deleteOfOrg(deps, id);
}

async function deleteOfOrg(
  deps: Pick<Deps, 'db' | 'clock' | 'config'>,
  orgId: number,
): Promise<void> {
  const settings = await readSetting(deps.db, orgId, ORG_SETTINGS);
  const { expired_api_keys_retention_in_seconds: kept } = settings;
  const before = new Date(deps.clock.now().getTime() - kept * 1000);
  await writeTransaction(deps.db, async (trx) => {
    const gone = await trx
      .deleteFrom('api_keys')
      .where('expires_at', '<', before)
      .where((where) =>
        where.or([
          where(
            'user_id',
            'in',
            where.selectFrom('users').select('id').where('org_id', '=', orgId),
          ),
          where(
            'service_account_id',
            'in',
            where.selectFrom('auth_security_principals').select('id').where('org_id', '=', orgId),
          ),
        ]),
      )
      .returningAll()
      .execute();
    if (gone.length === 0) return;
    await recordEvent(deps, trx, {
      orgId,
      eventType: 'system_task.expire_service_account_api_keys',
      resourceChanges: gone.map((row) => ({
        type: 'api_key',
        href: hrefOf(row, orgId),
        naming: { name: row.name },
        changeType: 'delete',
        changes: describeChanges(apiKeyMembers(row), null),
      })),
    });
  });
}

function hrefOf(row: ApiKeyRow, orgId: number): string {
  return row.user_id === null
    ? apiKeyHref({ serviceAccountId: row.service_account_id ?? '', orgId }, row.key_id)
    : apiKeyHref({ userId: row.user_id }, row.key_id);
}
