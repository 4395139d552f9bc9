import type { Logger } from 'pino';
import { SEEDERS } from '../composition.ts';
import type { Config } from '../config.ts';
import { setUp } from '../resources/orgs/setup.ts';
import { setupRequest, type SetupFlags } from './setup-request.ts';
import { withDatabase } from './with-database.ts';

export async function setup(config: Config, logger: Logger, flags: SetupFlags): Promise<void> {
  const request = await setupRequest(flags);
  const orgId = await withDatabase(config, logger, ({ db }) => setUp(db, request, SEEDERS));
  process.stdout.write(
    `Set up organization ${orgId} "${request.org}" with the owner ${request.admin}\n`,
  );
}
