/** The one place that reads the environment of the PCE. Every mistake is named at once. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;
const port = z.coerce.number().int().min(0, 'must be 0 to 65535').max(65535, 'must be 0 to 65535');

const schema = z
  .object({
    data: z
      .string()
      .min(1, 'must name a folder')
      .transform((path) => resolve(path)),
    host: z.string().min(1),
    port,
    fqdn: z.string().regex(HOST_NAME, 'must be a host name, such as pce.example.com'),
    san: z.array(z.string().min(1)),
    databaseUrl: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
      .optional(),
    clickhouseUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .optional(),
    tlsCert: z.string().min(1).optional(),
    tlsKey: z.string().min(1).optional(),
    /** The VEN for Linux that hosts are given; absent: the one in the data folder. */
    venPackage: z
      .string()
      .min(1)
      .transform((path) => resolve(path))
      .optional(),
    logLevel: z.enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
      'must be trace, debug, info, warn, error or silent',
    ),
    trustedProxies: z.array(z.string()),
  })
  .refine((config) => (config.tlsCert === undefined) === (config.tlsKey === undefined), {
    path: ['tlsCert'],
    message: 'certificate and key go together: give both or none',
    // also beside other mistakes, so that all are named at once
    when: () => true,
  });

/** Port 0 takes a free one (tests). `san`: further names and addresses for the PCE's own certificate. */
export type Config = z.infer<typeof schema>;

/** What the command line gave; it wins over the environment. */
export interface ConfigFlags {
  readonly data?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly fqdn?: string | undefined;
  readonly san?: readonly string[] | undefined;
  readonly databaseUrl?: string | undefined;
  readonly clickhouseUrl?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly venPackage?: string | undefined;
  readonly logLevel?: string | undefined;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const SOURCES: Record<string, string> = {
  data: '--data or BULKHEAD_DATA',
  host: '--host or BULKHEAD_HOST',
  port: '--port or BULKHEAD_PORT',
  fqdn: '--fqdn or BULKHEAD_FQDN',
  san: '--san or BULKHEAD_SAN',
  databaseUrl: '--database-url or DATABASE_URL',
  clickhouseUrl: '--clickhouse-url or CLICKHOUSE_URL',
  tlsCert: '--tls-cert or BULKHEAD_TLS_CERT',
  tlsKey: '--tls-key or BULKHEAD_TLS_KEY',
  venPackage: '--ven-package or BULKHEAD_VEN_PACKAGE',
  logLevel: '--log-level or BULKHEAD_LOG_LEVEL',
  trustedProxies: 'BULKHEAD_TRUSTED_PROXIES',
};

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Throws ConfigError with one line for each mistake. */
export function readConfig(
  flags: ConfigFlags,
  env: Readonly<Record<string, string | undefined>>,
): Config {
  const set = (text: string | undefined): string | undefined => (text === '' ? undefined : text);
  const parsed = schema.safeParse({
    data: flags.data ?? set(env['BULKHEAD_DATA']) ?? 'bulkhead-data',
    host: flags.host ?? set(env['BULKHEAD_HOST']) ?? '::',
    port: flags.port ?? set(env['BULKHEAD_PORT']) ?? '8443',
    fqdn: flags.fqdn ?? set(env['BULKHEAD_FQDN']) ?? hostname(),
    san: flags.san ?? list(env['BULKHEAD_SAN']),
    databaseUrl: flags.databaseUrl ?? set(env['DATABASE_URL']),
    clickhouseUrl: flags.clickhouseUrl ?? set(env['CLICKHOUSE_URL']),
    tlsCert: flags.tlsCert ?? set(env['BULKHEAD_TLS_CERT']),
    tlsKey: flags.tlsKey ?? set(env['BULKHEAD_TLS_KEY']),
    venPackage: flags.venPackage ?? set(env['BULKHEAD_VEN_PACKAGE']),
    logLevel: flags.logLevel ?? set(env['BULKHEAD_LOG_LEVEL']) ?? 'info',
    trustedProxies: list(env['BULKHEAD_TRUSTED_PROXIES']),
  });
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const key = String(issue.path[0] ?? '');
    return `${SOURCES[key] ?? key}: ${issue.message}`;
  });
  throw new ConfigError(lines.join('\n'));
}
