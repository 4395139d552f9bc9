/** Settings of the organization that hosts enforce: one object, drafted and provisioned like any other. */
import {
  FIREWALL_FLAGS,
  FIREWALL_SCOPES,
  FIREWALL_SETTINGS_ID,
  withVersion,
  type FirewallSettingsWire,
  type FirewallSettingsWrite,
} from '@bulkhead/contract';
import { formatSpan, parsePrefix } from '@bulkhead/net';
import { ESSENTIAL_TRAFFIC } from '@bulkhead/policy';
import type { Db } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { presentScopeEntry } from '../../provisioning/actors.ts';
import {
  lockDraft,
  mustBeDraft,
  updateDraft,
  type WriteContext,
} from '../../provisioning/drafts.ts';
import { parseWord, viewOf, type ObjectView } from '../../provisioning/objects.ts';
import { capsFor, defined, presentVersioned } from '../../provisioning/present.ts';
import { hrefsIn, loadNames } from '../../provisioning/references.ts';
import type {
  StoredFirewallSettings,
  StoredScopeEntry,
  StoredScopes,
} from '../../provisioning/stored-content.ts';
import { checkedScopes, type RuleSetBody } from '../rule-sets/service.ts';

const TYPE = 'firewall_settings';
/** Shorter prefixes never stand for a subnet, and a pool stands for one (PS-23). */
const SHORTEST_POOL = { 4: 8, 6: 32 } as const;

async function present(
  db: Db,
  view: ObjectView<typeof TYPE>,
  caller: UserCaller,
): Promise<FirewallSettingsWire> {
  const { content, word, orgId } = view;
  const names = await loadNames(db, orgId, { hrefs: hrefsIn(content), word });
  const scopes = (stored: StoredScopes) =>
    stored.map((scope) => scope.map((entry) => presentScopeEntry(entry, names, word)));
  return {
    ...presentVersioned(view),
    firewall_coexistence: content.firewall_coexistence.map((entry) => ({
      scope: entry.scope.map((item) => ({ href: withVersion(hrefIn(item), word) })),
      illumio_primary: entry.illumio_primary,
      workload_mode: entry.workload_mode ?? null,
    })),
    blocked_connection_reject_scopes: scopes(content.blocked_connection_reject_scopes),
    ipv6_mode: content.ipv6_mode,
    allow_ipv6: content.ipv6_mode !== 'block_all',
    vpn_pools: [...content.vpn_pools],
    ike_authentication_type: content.ike_authentication_type,
    network_detection_mode: content.network_detection_mode,
    ...pick(FIREWALL_FLAGS, (flag) => content[flag]),
    ...pick(FIREWALL_SCOPES, (member) => scopes(content[member])),
    caps: word === 'draft' ? capsFor(caller) : [],
  };
}

function pick<K extends string, V>(members: readonly K[], valueOf: (member: K) => V): Record<K, V> {
  return Object.fromEntries(members.map((member) => [member, valueOf(member)])) as Record<K, V>; // one entry per member
}

function hrefIn(entry: StoredScopeEntry): string {
  return 'label' in entry ? entry.label.href : entry.label_group.href;
}

/** Canonical, each once. */
function poolsOf(texts: readonly string[]): string[] {
  const pools = texts.map((text, index) => {
    const refuse = (reason: string): DomainError =>
      new DomainError('invalid_ip_address', `vpn_pools[${index}]: ${reason}`);
    if (!text.includes('/'))
      throw refuse(`"${text}" is no CIDR block; write the pool, such as 10.200.0.0/16`);
    const parsed = parsePrefix(text);
    if (!parsed.ok) throw refuse(parsed.message);
    const shortest = SHORTEST_POOL[parsed.value.family];
    if (parsed.value.prefixLength < shortest)
      throw refuse(`"${text}" is shorter than /${shortest} and is never a subnet of workloads`);
    return formatSpan(parsed.value);
  });
  return [...new Set(pools)];
}

/** `allow_ipv6` is what older clients write; `ipv6_mode` beside it wins. */
function ipv6ModeOf(
  before: StoredFirewallSettings['ipv6_mode'],
  { ipv6_mode: mode, allow_ipv6: allowed }: FirewallSettingsWrite,
): StoredFirewallSettings['ipv6_mode'] {
  if (mode !== undefined) return mode;
  if (allowed === false) return 'block_all';
  return allowed === true && before === 'block_all' ? 'policy_based' : before;
}

async function changed(
  context: WriteContext,
  before: StoredFirewallSettings,
  body: FirewallSettingsWrite,
): Promise<StoredFirewallSettings> {
  const scopes: Partial<Record<string, StoredScopes>> = {};
  for (const member of ['blocked_connection_reject_scopes', ...FIREWALL_SCOPES] as const) {
    const written = body[member];
    if (written !== undefined) scopes[member] = await checkedScopes(context, written, member);
  }
  const { ike_authentication_type, network_detection_mode } = body;
  return {
    ...before,
    ...scopes,
    ...defined(pick(FIREWALL_FLAGS, (flag) => body[flag])),
    ...defined({ ike_authentication_type, network_detection_mode }),
    ipv6_mode: ipv6ModeOf(before.ipv6_mode, body),
    vpn_pools: body.vpn_pools === undefined ? before.vpn_pools : poolsOf(body.vpn_pools),
    firewall_coexistence:
      body.firewall_coexistence === undefined
        ? before.firewall_coexistence
        : await coexistenceOf(context, body.firewall_coexistence),
  };
}

async function coexistenceOf(
  context: WriteContext,
  written: NonNullable<FirewallSettingsWrite['firewall_coexistence']>,
): Promise<StoredFirewallSettings['firewall_coexistence']> {
  const scopes = await checkedScopes(
    context,
    written.map((entry) => entry.scope.map(scopeEntryOf)),
    'firewall_coexistence',
  );
  return written.map((entry, index) => ({
    scope: scopes[index] ?? [],
    illumio_primary: entry.illumio_primary,
    ...(entry.workload_mode == null ? {} : { workload_mode: entry.workload_mode }),
  }));
}

/** Coexistence names labels and groups by href alone. */
function scopeEntryOf(ref: { readonly href: string }): RuleSetBody['scopes'][number][number] {
  return /\/label_groups\/[^/]+$/.test(ref.href) ? { label_group: ref } : { label: ref };
}

export function firewallSettingsRoutes(deps: Deps): Routes {
  const place = (word: string) => ({ type: TYPE, word, id: FIREWALL_SETTINGS_ID }) as const;
  return {
    'firewall_settings.get': async ({ db, orgId, params, caller }) =>
      present(db, await viewOf(db, orgId, place(params.pversion)), caller),
    'essential_service_rules.list': ({ params }) => {
      parseWord(params.pversion);
      return {
        items: ESSENTIAL_TRAFFIC.map((name) => ({ name })),
        total: ESSENTIAL_TRAFFIC.length,
      };
    },
    'firewall_settings.update': async (context) => {
      mustBeDraft(context.params.pversion);
      const view = await lockDraft(context, place('draft'));
      const content = await changed(context, view.content, context.body);
      await updateDraft(deps, context, { view, content });
    },
  };
}
