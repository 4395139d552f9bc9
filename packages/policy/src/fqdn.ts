/** Whether a resolved name is one of an IP list's FQDNs: exact, or below `*.suffix` (not the suffix itself), in any letter case. */
export function fqdnMatches(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  const given = name.toLowerCase().replace(/\.$/, '');
  return wanted.startsWith('*.') ? given.endsWith(wanted.slice(1)) : given === wanted;
}
