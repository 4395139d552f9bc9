/** Server-sent events: what changed in the organization, as topics and hrefs, so that the console reloads just that. */
import type { LiveEvent } from '@bulkhead/contract';
import type { ChangeRow } from '../../db/change-log.ts';
import type { ChangeKind } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import type { Routes } from '../../http/routes.ts';

/** Resource types whose lists a change of a kind may alter, besides the type of its href. */
const TOPICS: Record<ChangeKind, readonly string[]> = {
  workload: ['workloads', 'vens'],
  label: ['labels'],
  label_group: ['label_groups'],
  service_binding: ['service_bindings'],
  security_principal: ['security_principals'],
  provision: [
    'sec_policy',
    'rule_sets',
    'ip_lists',
    'services',
    'label_groups',
    'virtual_services',
    'enforcement_boundaries',
    'firewall_settings',
  ],
  vens: ['vens', 'workloads'],
  settings: ['settings'],
  draft: ['sec_policy'],
  event: ['events'],
  flow: ['traffic_flows'],
  policy_test: ['policy_tests'],
};
const KEEP_ALIVE_MS = 15_000;
/** Then the client comes back with its credentials, which may have been revoked. */
const LIFETIME_MS = 5 * 60_000;
/** A reader that does not keep up is let go; it reloads everything when it comes back. */
const BACKLOG_BYTES = 1024 * 1024;
const MAX_HREFS = 500;

export function liveEvent(rows: readonly ChangeRow[], orgId: number): LiveEvent | undefined {
  const own = rows.filter((row) => row.orgId === orgId);
  const last = own.at(-1);
  if (last === undefined) return undefined;
  const topics = new Set(own.flatMap((row) => [...TOPICS[row.kind], ...typesOf(row.href)]));
  const hrefs = [...new Set(own.map((row) => row.href))];
  return { sequence: last.sequence, topics: [...topics], hrefs: hrefs.slice(-MAX_HREFS) };
}

function typesOf(href: string): string[] {
  const parts = href.split('/').slice(3);
  const types = parts[0] === 'sec_policy' ? parts.slice(2) : parts;
  return types.filter((_, index) => index % 2 === 0);
}

export function liveRoute(deps: Deps): NonNullable<Routes['node.live']> {
  return ({ orgId }, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...headersOf(reply.getHeaders()),
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    });
    const send = (event: LiveEvent): void => {
      if (raw.writableLength > BACKLOG_BYTES) raw.destroy();
      else raw.write(`id: ${event.sequence}\ndata: ${JSON.stringify(event)}\n\n`);
    };
    send({ sequence: deps.changeLog.sequence, topics: [], hrefs: [] });
    const unsubscribe = deps.changeLog.subscribe((rows) => {
      const event = liveEvent(rows, orgId);
      if (event !== undefined) send(event);
    });
    const keepAlive = setInterval(() => raw.write(': here\n\n'), KEEP_ALIVE_MS);
    const lifetime = setTimeout(() => raw.end(), LIFETIME_MS).unref();
    const end = (): void => {
      raw.end();
    };
    deps.closing.addEventListener('abort', end, { once: true });
    raw.once('close', () => {
      deps.closing.removeEventListener('abort', end);
      unsubscribe();
      clearInterval(keepAlive);
      clearTimeout(lifetime);
    });
    return undefined;
  };
}

function headersOf(
  headers: Record<string, number | string | string[] | undefined>,
): Record<string, number | string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}
