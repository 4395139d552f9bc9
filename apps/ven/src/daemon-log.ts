import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createLog, type Log } from './agent/log.ts';

const MAX_BYTES = 5 * 1024 * 1024;

/** Appends to a file, 0600; at 5 MB it becomes `FILE.1` and a new one begins. */
export function openFileLog(path: string): Log {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let fd = openSync(path, 'a', 0o600);
  let size = fstatSync(fd).size;
  function write(line: string): void {
    if (size > MAX_BYTES) {
      closeSync(fd);
      renameSync(path, `${path}.1`);
      fd = openSync(path, 'a', 0o600);
      size = 0;
    }
    size += writeSync(fd, `${line}\n`);
  }
  return createLog(
    (line) => {
      try {
        write(line);
      } catch {
        // a disk that is full stops the log, never the enforcement
      }
    },
    () => new Date(),
  );
}
