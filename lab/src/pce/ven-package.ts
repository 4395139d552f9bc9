import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { run } from '../network/commands.ts';

const VEN = new URL('../../../apps/ven/', import.meta.url);
const builtSchema = z.object({ file: z.string(), version: z.string(), bytes: z.number() });

/** Builds the VEN's package for Linux unless it is there already, made of the same sources, and answers what it is. */
export async function buildVenPackage(): Promise<z.infer<typeof builtSchema>> {
  const program = fileURLToPath(new URL('src/package/build.ts', VEN));
  const out = fileURLToPath(new URL('dist/ven-linux-x64.tar.gz', VEN));
  return builtSchema.parse(JSON.parse(await run(process.execPath, [program, out])));
}
