/** Waits for the end of the process that owns a lab, however it ended, and removes what is left of the lab then. */
import { removeInstance } from './instances.ts';

const [instance = ''] = process.argv.slice(2);
process.on('SIGINT', () => {});
process.stdin.resume();
process.stdin.on('error', () => {});
process.stdin.on('close', () => {
  if (instance !== '') void removeInstance(instance);
});
