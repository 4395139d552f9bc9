/** Single-dash long options as the guide shows them (`-endpoint true`) become what the parser knows. */

const LONG = new Set([
  'management-server',
  'activation-code',
  'endpoint',
  'role',
  'app',
  'env',
  'loc',
  'mode',
  'enforcement-mode',
  'name',
  'ca-fingerprint',
  'ca-file',
  'flow-report-seconds',
  'reconnect-seconds',
  'data-dir',
  'maintenance-token',
  'json',
  'help',
  'version',
]);

export function normalizeArguments(args: readonly string[]): string[] {
  return args.map((argument) => {
    const match = /^-([a-z][a-z-]+)(=.*)?$/.exec(argument);
    return match !== null && LONG.has(match[1] ?? '') ? `-${argument}` : argument;
  });
}
