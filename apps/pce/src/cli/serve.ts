import pino, { type Logger } from 'pino';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startPce } from '../composition.ts';
import type { Config } from '../config.ts';
import { explainFileError } from '../operational-error.ts';
import { setupRequest, type SetupFlags } from './setup-request.ts';

const END_LIMIT_MS = 30_000;

/** Runs until SIGINT or SIGTERM. Standard output gets the line `ready https://…` once it serves. */
export async function serve(config: Config, flags: SetupFlags): Promise<number> {
  const logger = serverLogger(config);
  const say = (text: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
  };
  say(`Starting the PCE on ${config.data} ...`);
  let signal: NodeJS.Signals | undefined;
  const ended = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.on(name, () => {
        signal ??= name;
        resolve();
      });
  });
  const pce = await startPce({ config, logger, setup: () => setupRequest(flags) });
  if (signal === undefined) {
    say(`Fingerprint of the CA (SHA-256): ${pce.deps.identity.caFingerprint}`);
    say('Ctrl-C ends it.');
    logger.info(
      { url: pce.url, caFingerprint: pce.deps.identity.caFingerprint, data: config.data },
      'ready',
    );
    process.stdout.write(`ready ${pce.url} ca-sha256=${pce.deps.identity.caFingerprint}\n`);
  }
  await ended;
  say('Ending ...');
  logger.info({ signal }, 'ending');
  // A part that cannot end, such as over a data folder that is gone, must not keep the process; the next start clears up after it.
  const limit = setTimeout(() => {
    logger.error({ seconds: END_LIMIT_MS / 1000 }, 'a part did not end in time; leaving it');
    process.exit(1);
  }, END_LIMIT_MS);
  await pce.close();
  clearTimeout(limit);
  return 0;
}

/** A server logs to standard error for whatever supervises it; in a terminal to a file, and the terminal shows what matters. */
function serverLogger(config: Config): Logger {
  if (!process.stderr.isTTY)
    return pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
  try {
    mkdirSync(config.data, { recursive: true, mode: 0o711 });
    return pino(
      { level: config.logLevel },
      pino.destination({ dest: join(config.data, 'pce.log'), sync: true }),
    );
  } catch (error) {
    throw explainFileError(error, config.data);
  }
}
