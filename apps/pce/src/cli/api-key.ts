import type { Logger } from 'pino';
import { recordEvent } from '../audit/record-event.ts';
import type { Config } from '../config.ts';
import { writeTransaction } from '../db/transaction.ts';
import { OperationalError } from '../operational-error.ts';
import { apiKeyHref, createApiKey, expiryOf } from '../resources/api-keys/store.ts';
import { withDatabase } from './with-database.ts';

interface KeyRequest {
  readonly name: string;
  readonly user?: string | undefined;
  readonly json?: boolean | undefined;
}

export async function createKey(
  config: Config,
  logger: Logger,
  request: KeyRequest,
): Promise<void> {
  const clock = { now: () => new Date() };
  const created = await withDatabase(config, logger, ({ db }) =>
    writeTransaction(db, async (trx) => {
      let users = trx
        .selectFrom('users')
        .select(['id', 'org_id', 'username'])
        .orderBy('id')
        .limit(1);
      if (request.user !== undefined)
        users = users.where('username', '=', request.user.toLowerCase());
      const user = await users.executeTakeFirst();
      if (user === undefined)
        throw new OperationalError(
          request.user === undefined
            ? 'This PCE is not set up yet; run pce setup first'
            : `There is no user ${request.user}`,
        );
      const owner = { userId: user.id };
      const now = clock.now();
      const { row, secret } = await createApiKey(trx, {
        owner,
        name: request.name,
        description: null,
        now,
        expiresAt: await expiryOf(trx, user.org_id, { wanted: undefined, now }),
      });
      const href = apiKeyHref(owner, row.key_id);
      await recordEvent({ clock, config }, trx, {
        orgId: user.org_id,
        eventType: 'api_key.create',
        resourceChanges: [
          {
            type: 'api_key',
            href,
            naming: { name: row.name },
            changeType: 'create',
            changes: { name: { before: null, after: row.name } },
          },
        ],
      });
      return {
        href,
        key_id: row.key_id,
        auth_username: `api_${row.key_id}`,
        secret,
        name: row.name,
        username: user.username,
        org_id: user.org_id,
      };
    }),
  );
  process.stdout.write(
    request.json === true
      ? `${JSON.stringify(created)}\n`
      : `API key "${created.name}" of ${created.username}\nuser:   ${created.auth_username}\nsecret: ${created.secret}\nThe secret is not shown again.\n`,
  );
}
