/** The VEN daemon as a process. Started by `illumio-ven-ctl start`. */
import { parseArgs } from 'node:util';
import { messageOf } from './agent/log.ts';
import { openStore } from './agent/store.ts';
import { startDaemon, type Daemon } from './daemon.ts';
import { openFileLog } from './daemon-log.ts';
import { defaultDataFolder, locateNativeParts } from './install.ts';
import { selectPlatform } from './platform/select.ts';
import { VEN_VERSION } from './version.ts';

const GRACE_MS = 5_000;
const HELP = `illumio-ven ${VEN_VERSION}: the VEN of this host. It is started, stopped and asked by illumio-ven-ctl.

Options:
  --data-dir FOLDER  Folder of the VEN’s state (${defaultDataFolder()})
  --version          Print the version
  --help             Print this
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
    },
  });
  if (values.help === true || values.version === true) {
    process.stdout.write(values.help === true ? HELP : `${VEN_VERSION}\n`);
    return;
  }
  const store = openStore(values['data-dir'] ?? defaultDataFolder());
  const log = openFileLog(store.logFile);
  let daemon: Daemon | null = null;
  locateNativeParts();

  function exit(code: number): void {
    process.exitCode = code;
    // whatever still holds the process is not worth waiting for
    setTimeout(() => process.exit(code), GRACE_MS).unref();
  }

  const platform = await selectPlatform((error) => {
    log.error('watching the system failed', { reason: messageOf(error) });
    if (daemon === null) process.exit(1);
    daemon.end('shutdown', 1).catch(() => process.exit(1));
  });
  daemon = await startDaemon({ platform, store, log, exit });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void daemon?.end('shutdown', 0));
  }
  process.on('SIGHUP', () => undefined);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`illumio-ven: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
