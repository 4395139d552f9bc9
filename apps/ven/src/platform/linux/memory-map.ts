/** Mappings of a file that hold nothing but what the file holds: not writable, and no page of them was ever changed. */
export function readOnlyFilePages(
  smaps: string,
  file: string,
): { readonly address: number; readonly bytes: number }[] {
  const found: { address: number; bytes: number }[] = [];
  let current: { address: number; bytes: number } | null = null;
  for (const line of smaps.split('\n')) {
    const header = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+\s*(.*)$/.exec(line);
    if (header !== null) {
      const [, from = '', to = '', permissions = '', path = ''] = header;
      const address = Number.parseInt(from, 16);
      const isOurs = path === file && permissions[1] === '-';
      current = isOurs ? { address, bytes: Number.parseInt(to, 16) - address } : null;
    } else if (current !== null && /^Anonymous:\s+0 kB$/.test(line)) found.push(current);
  }
  return found;
}
