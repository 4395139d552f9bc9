/** `bulkhead`: policy as files, and imports. */
import { runBulkhead } from './program.ts';

process.exitCode = await runBulkhead(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  environment: process.env,
});
