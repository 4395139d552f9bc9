/** The database for one command: of the PCE that runs on the data folder, else started for the time of the command. */
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { lockDataFolder, prepareDataFolder, runningPce } from '../data-folder.ts';
import { joinDatabase, openDatabase, type OpenDatabase } from '../db/open-database.ts';

export async function withDatabase<T>(
  config: Config,
  logger: Logger,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  if ((await runningPce(config.data)) !== undefined) {
    const database = await joinDatabase(config, logger);
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  }
  await prepareDataFolder(config.data);
  const lock = await lockDataFolder(config.data);
  try {
    const database = await openDatabase(config, logger);
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  } finally {
    await lock.release();
  }
}
