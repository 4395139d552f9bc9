/** One line per occurrence: time, level, words, facts as JSON. Never a secret. */
type LogFacts = Readonly<Record<string, string | number | boolean | null>>;
export interface Log {
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
}

export function createLog(write: (line: string) => void, now: () => Date): Log {
  const line =
    (level: string) =>
    (message: string, facts?: LogFacts): void =>
      write(
        `${now().toISOString()} ${level} ${message}${facts === undefined ? '' : ` ${JSON.stringify(facts)}`}`,
      );
  return { info: line('info'), warn: line('warn'), error: line('error') };
}

/** The message of anything thrown, with its cause where there is one. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.message === '' ? error.name : error.message;
  return error.cause instanceof Error ? `${text} (${error.cause.message})` : text;
}
