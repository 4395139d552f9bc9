/** 64 bits as 16 hex digits over the UTF-16 units of `text`: spreads names, guards nothing. */
export function digest64(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x85ebca6b);
    high = (high << 13) | (high >>> 19);
  }
  low = mix(low ^ (high >>> 7));
  high = mix(high ^ low);
  return hex32(high) + hex32(low);
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** Gives each key a digest of its own: a key that meets a digest already given to another key is digested again. */
export function createDigests(): (key: string) => string {
  const byKey = new Map<string, string>();
  const given = new Set<string>();
  return (key) => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    let digest = digest64(key);
    for (let salt = 1; given.has(digest); salt += 1) digest = digest64(`${key}\n${salt}`);
    byKey.set(key, digest);
    given.add(digest);
    return digest;
  };
}
