import type { ApiClient } from '@bulkhead/contract';

/** Exit code of `plan` and of a dry run that found something to write. */
export const CHANGES_CODE = 3;

export interface CommandContext {
  readonly client: ApiClient;
  /** One line for people. Says nothing with --json. */
  readonly say: (line: string) => void;
  /** The whole answer for programs, with --json. */
  readonly answer: (value: object) => void;
}
