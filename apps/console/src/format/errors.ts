/** Which field of a form a message of the server is about. */
import type { ApiError } from '@bulkhead/contract';

/** Messages of input validation begin with the member they are about: `ip_ranges[0].from_ip: …` or `ip_ranges.0.from_ip …`. */
export function fieldOf(error: ApiError): string | null {
  const match = /^([a-z_]+(?:[.[][\w\]]+)*)\s*[: ]\s*\S/.exec(error.message);
  return match?.[1]?.replaceAll(/\[(\d+)\]/g, '.$1') ?? null;
}

/** A message at its field need not name the field again; a place within the field stays. */
function withoutField(message: string, field: string): string {
  if (!message.startsWith(`${field}: `)) return message;
  const rest = message.slice(field.length + 2);
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

export interface SortedErrors {
  /** First message for each known field. */
  readonly fields: Readonly<Record<string, string>>;
  readonly rest: readonly string[];
}

/** Puts messages at the fields that a form has; `root` of the member is enough. What has no field is in `rest`. */
export function sortErrors(
  errors: readonly ApiError[],
  fieldNames: readonly string[],
  byToken: Readonly<Record<string, string>> = {},
): SortedErrors {
  const fields: Record<string, string> = {};
  const rest: string[] = [];
  for (const error of errors) {
    const field = byToken[error.token] ?? fieldOf(error);
    const known =
      field === null
        ? undefined
        : fieldNames.find((name) => name === field || field.startsWith(`${name}.`));
    if (known === undefined) rest.push(error.message);
    else fields[known] ??= withoutField(error.message, known);
  }
  return { fields, rest };
}
