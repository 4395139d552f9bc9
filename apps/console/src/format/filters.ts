/** Filters in the URL: plain `key=value` pairs, lists joined by commas; what is empty is left out. */
export type Search = Partial<Record<string, string>>;

export function parseSearch(text: string): Search {
  const entries = [...new URLSearchParams(text.startsWith('?') ? text.slice(1) : text)];
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search))
    if (typeof value === 'string' && value !== '') params.set(key, value);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

export function listValue(value: string | undefined): string[] {
  return value === undefined || value === '' ? [] : value.split(',');
}

/** One of the allowed words, or undefined: what somebody typed into the URL is not trusted. */
export function oneOf<const T extends string>(
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  return allowed.find((one) => one === value);
}

/** The search with some keys set; an empty value takes the key away. */
export function withFilter(search: Search, changes: Search): Search {
  const next = { ...search, ...changes };
  return Object.fromEntries(
    Object.entries(next).filter(([, value]) => value !== undefined && value !== ''),
  );
}
