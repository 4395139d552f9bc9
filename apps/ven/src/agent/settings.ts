/** `config/runtime_env.yml`: flat `key: value` lines, as administrators edit them. */

export interface Settings {
  readonly managementServer: string;
  readonly port: number;
  readonly endpoint: boolean;
  /** Seconds between flow reports. */
  readonly flowReportSeconds: number;
  /** Longest wait before the channel is tried again. */
  readonly reconnectSeconds: number;
}

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const DEFAULT_PORT = 8443;
const DEFAULT_FLOW_REPORT_SECONDS = 10;
const DEFAULT_RECONNECT_SECONDS = 60;

/** `HOST`, `HOST:PORT`, `[IPV6]:PORT`. Throws SettingsError on anything else. */
export function parseServer(text: string): { readonly host: string; readonly port: number } {
  const match =
    /^(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?))(?::(?<port>\d{1,5}))?$/.exec(
      text,
    );
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  const port = Number(match?.groups?.['port'] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new SettingsError(
      `"${text}" is not a management server: give HOST or HOST:PORT, such as pce.example.com:8443`,
    );
  }
  return { host, port };
}

export function formatServer(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function renderSettings(settings: Settings): string {
  return [
    `management_server: ${formatServer(settings.managementServer, settings.port)}`,
    `endpoint: ${settings.endpoint}`,
    `flow_report_seconds: ${settings.flowReportSeconds}`,
    `reconnect_seconds: ${settings.reconnectSeconds}`,
    '',
  ].join('\n');
}

/** Unknown keys are ignored. Throws SettingsError naming the line that cannot be read. */
export function parseSettings(text: string): Settings {
  const values = new Map<string, string>();
  text.split('\n').forEach((line, index) => {
    const plain = line.replace(/(^|\s)#.*$/, '').trim();
    if (plain === '' || plain === '---') return;
    const match = /^([a-z_]+):\s*(.*)$/.exec(plain);
    if (match === null) {
      throw new SettingsError(`runtime_env.yml, line ${index + 1}: "${line}" is not "key: value"`);
    }
    values.set(match[1] ?? '', (match[2] ?? '').replace(/^(['"])(.*)\1$/, '$2'));
  });
  const server = values.get('management_server');
  if (server === undefined) throw new SettingsError('runtime_env.yml has no management_server');
  const { host, port } = parseServer(server);
  return {
    managementServer: host,
    port,
    endpoint: values.get('endpoint') === 'true',
    flowReportSeconds: seconds(values, 'flow_report_seconds', DEFAULT_FLOW_REPORT_SECONDS),
    reconnectSeconds: seconds(values, 'reconnect_seconds', DEFAULT_RECONNECT_SECONDS),
  };
}

function seconds(values: ReadonlyMap<string, string>, key: string, otherwise: number): number {
  const text = values.get(key);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (value >= 1 && value <= 600) return value;
  throw new SettingsError(`runtime_env.yml: ${key} is "${text}"; give 1 to 600 seconds`);
}
