import { readFile, statfs } from 'node:fs/promises';
import { cpus, hostname, loadavg, networkInterfaces } from 'node:os';
import { sql } from 'kysely';
import type { Deps } from '../../deps.ts';
import type { Routes } from '../../http/routes.ts';
import { sinkNotifications } from '../../sinks/status.ts';
import { liveRoute } from './live.ts';
import { PRODUCT_VERSION } from './product-version.ts';

export function nodeRoutes(deps: Deps): Routes {
  return {
    'node.available': async () => {
      await sql`SELECT 1`.execute(deps.db);
    },
    'node.noop': () => ({}),
    'node.product_version': () => PRODUCT_VERSION,
    'node.health': async () => [await health(deps)],
    'node.live': liveRoute(deps),
  };
}

function graded(
  percent: number,
  warning: number,
  critical: number,
): { status: string; percent: number } {
  const status = percent >= critical ? 'critical' : percent >= warning ? 'warning' : 'normal';
  return { status, percent: Math.round(percent * 10) / 10 };
}

async function memoryPercent(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const value = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
  const percent = 100 - (100 * value('MemAvailable')) / value('MemTotal');
  return Number.isFinite(percent) ? percent : 0;
}

function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const found =
    all.find((entry) => !entry.internal && entry.family === 'IPv4') ??
    all.find((entry) => !entry.internal);
  return found?.address ?? '127.0.0.1';
}

type Health = Awaited<
  ReturnType<Extract<NonNullable<Routes['node.health']>, (...args: never) => unknown>>
>[number];

export async function health(deps: Deps): Promise<Health> {
  const now = deps.clock.now().toISOString();
  const disk = await statfs(deps.config.data);
  const diskPercent = 100 - (100 * disk.bavail) / disk.blocks;
  const cpu = graded(Math.min(100, ((loadavg()[0] ?? 0) / cpus().length) * 100), 90, 98);
  const memory = graded(await memoryPercent(), 85, 95);
  const location = graded(diskPercent, 85, 95);
  const databaseUp = await sql`SELECT 1`.execute(deps.db).then(
    () => true,
    () => false,
  );
  const services = { web: true, database: databaseUp, policy_compute: true };
  const running = Object.entries(services)
    .filter(([, up]) => up)
    .map(([name]) => name);
  const stopped = Object.entries(services)
    .filter(([, up]) => !up)
    .map(([name]) => name);
  // Nobody needs the flow engine before there are flows: it starts with the first of them.
  const optional = ['flow_engine'];
  if (deps.flowStore.running) running.push('flow_engine');
  const notifications: Health['notifications'] = [];
  for (const [name, value] of Object.entries({ cpu, memory, disk: location })) {
    if (value.status === 'normal') continue;
    notifications.push({
      status: value.status,
      token: `${name}_usage`,
      message: `${name} is used to ${value.percent} %`,
    });
  }
  for (const name of stopped)
    notifications.push({
      status: 'error',
      token: 'service_down',
      message: `${name} does not answer`,
    });
  if (databaseUp) notifications.push(...(await sinkNotifications(deps.db, deps.clock.now())));
  return {
    fqdn: deps.config.fqdn,
    type: 'standalone',
    status: stopped.length > 0 ? 'error' : notifications.length > 0 ? 'warning' : 'normal',
    available_seconds: Math.round(process.uptime()),
    generated_at: now,
    notifications,
    listen_only_mode_enabled_at: null,
    nodes: [
      {
        hostname: hostname(),
        ip_address: ownAddress(),
        type: 'snc0',
        runlevel: 5,
        uptime_seconds: Math.round(process.uptime()),
        cpu,
        memory,
        disk: [{ location: deps.config.data, value: location }],
        services: {
          status: stopped.length > 0 ? 'partial' : 'running',
          running,
          not_running: stopped,
          partial: [],
          optional,
        },
        generated_at: now,
      },
    ],
    network: { replication: [] },
  };
}
