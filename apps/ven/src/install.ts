/** Where an installed VEN lies. From the sources there is no installation. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEFAULT_DATA_FOLDER = '/opt/illumio_ven_data';
const BUNDLES = new Set(['ctl.mjs', 'agent.mjs']);

/** Folder of the installation that this program was started from; null from the sources. */
export function installFolder(): string | null {
  const file = fileURLToPath(import.meta.url);
  const folder = dirname(dirname(file));
  if (!BUNDLES.has(basename(file))) return null;
  return existsSync(join(folder, 'illumio-ven-ctl')) ? folder : null;
}

/** `/opt/illumio_ven` has its data in `/opt/illumio_ven_data`. */
export function defaultDataFolder(): string {
  const folder = installFolder();
  return folder === null ? DEFAULT_DATA_FOLDER : `${folder}_data`;
}

/** Tells koffi where its native part lies in an installation (`lib/koffi/<platform>/koffi.node`). */
export function locateNativeParts(): void {
  const folder = installFolder();
  if (folder !== null) Object.assign(process, { resourcesPath: join(folder, 'lib') });
}
