/** Wrong arguments: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a command could not do, in a sentence for people: exit code 1. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}
