/** JSON of strangers: bounded in depth, no key twice (readers disagree on which one counts), no `__proto__`. */
const MAX_DEPTH = 64;

export class JsonError extends Error {
  override readonly name = 'JsonError';
}

export function parseJson(text: string): unknown {
  const complaint = inspect(text);
  if (complaint === 'depth')
    throw new JsonError(`The body is nested more than ${MAX_DEPTH} levels deep`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new JsonError(`The body is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
  if (complaint !== undefined) throw new JsonError(complaint.message);
  // Only an escape can bring in what is no storable text.
  if (text.includes('\\u')) refuseBrokenText(value);
  return value;
}

/** One pass over the text. Text that is no JSON may be judged wrongly; the parser refuses it anyway. */
function inspect(text: string): 'depth' | { message: string } | undefined {
  const scopes: (Set<string> | undefined)[] = [];
  let complaint: { message: string } | undefined;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '{' || character === '[') {
      scopes.push(character === '{' ? new Set() : undefined);
      if (scopes.length > MAX_DEPTH) return 'depth';
    } else if (character === '}' || character === ']') {
      scopes.pop();
    } else if (character === '"') {
      const end = endOfString(text, index);
      const keys = scopes.at(-1);
      if (keys !== undefined && complaint === undefined && isKey(text, end)) {
        const key = decode(text.slice(index, end + 1));
        if (key === '__proto__')
          complaint = {
            message: 'The body has a member __proto__, which is no member of anything',
          };
        else if (keys.has(key))
          complaint = {
            message: `The body has the member ${key} twice in one object; write it once`,
          };
        keys.add(key);
      }
      index = end;
    }
  }
  return complaint;
}

function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}

function isKey(text: string, end: number): boolean {
  let index = end + 1;
  while (index < text.length && /\s/.test(text[index] ?? '')) index += 1;
  return text[index] === ':';
}

function decode(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
}

function refuseBrokenText(value: unknown): void {
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed())
      throw new JsonError(
        'The body has a text with a NUL or half a surrogate pair, which is no text that can be stored',
      );
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      refuseBrokenText(key);
      refuseBrokenText(member);
    }
  }
}
