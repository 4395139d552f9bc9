/** `npm start`: a PCE from this checkout, with its console and the VEN that it hands out. */
import { join } from 'node:path';
import { buildConsole, buildVenPackage } from './build.ts';
import { root } from './run.ts';

const flags = process.argv.slice(2);
const asks = flags.includes('--help') || flags.includes('-h');
if (!asks) {
  const slow = setTimeout(
    () => process.stderr.write('start: building the console and the VEN package\n'),
    500,
  );
  await buildConsole();
  const { file } = await buildVenPackage();
  clearTimeout(slow);
  process.env['BULKHEAD_VEN_PACKAGE'] ??= file;
}
const program = join(root, 'apps', 'pce', 'src', 'main.ts');
process.argv = [process.execPath, program, 'serve', ...flags];
await import(program);
