/** What the environment forbids: a port that is taken, a folder of another PCE, a full disk. One line that says what and what to do. */
export class OperationalError extends Error {
  override readonly name = 'OperationalError';
}

/** The system's code of an error (`ENOSPC`), if it has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Puts a name and a remedy on an error of the file system; others stay as they are. */
export function explainFileError(error: unknown, path: string): unknown {
  switch (errorCode(error) ?? '') {
    case 'ENOSPC':
    case 'EDQUOT':
      return new OperationalError(
        `The disk that holds ${path} is full; free some space and start again`,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new OperationalError(
        `No permission to write to ${path}; run as a user who may, or choose another folder with --data`,
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return new OperationalError(`${path} is not a folder; choose another one with --data`);
    default:
      return error;
  }
}
