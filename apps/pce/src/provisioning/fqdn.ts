const FQDN =
  /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** A name such as `www.example.com`, or `*.example.com` for all below it. */
export function isFqdn(text: string): boolean {
  return FQDN.test(text);
}
