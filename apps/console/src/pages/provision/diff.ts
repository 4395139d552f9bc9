/** What a draft changes, as lines with minus and plus. */
import { z } from 'zod';
import {
  actorSchema,
  ingressServiceSchema,
  ipTablesRuleSchema,
  labelRefSchema,
  type ActorWire,
  type IngressServiceWire,
} from '@bulkhead/contract';
import { actorKey, actorName } from '../../format/actors.ts';
import { statementLine } from '../../format/ip-tables.ts';
import { portsText } from '../../format/services.ts';
import { KEY_NAMES, NETWORK_PROFILE_NAMES } from '../../format/words.ts';
import { plainLines, type NameOf } from './plain-lines.ts';

const connection = z.object({
  href: z.string().optional(),
  name: z.string().optional(),
  enabled: z.boolean(),
  consumers: z.array(actorSchema),
  providers: z.array(actorSchema),
  ingress_services: z.array(ingressServiceSchema),
  network_type: z.enum(['brn', 'non_brn', 'all']),
  use_workload_subnets: z.array(z.string()).default([]),
  stateless: z.boolean().default(false),
  unscoped_consumers: z.boolean().default(false),
  resolve_labels_as: z
    .object({ providers: z.array(z.string()), consumers: z.array(z.string()) })
    .optional(),
  consuming_security_principals: z.array(z.object({ name: z.string() })).default([]),
  update_type: z.enum(['create', 'update', 'delete']).nullable().optional(),
});
const ruleSet = z.object({
  name: z.string(),
  enabled: z.boolean(),
  description: z.string().nullable().optional(),
  scopes: z.array(
    z.array(
      z.object({
        label: labelRefSchema.optional(),
        label_group: z.object({ href: z.string(), key: z.string(), name: z.string() }).optional(),
        exclusion: z.boolean().optional(),
      }),
    ),
  ),
  rules: z.array(connection),
  ip_tables_rules: z
    .array(
      ipTablesRuleSchema.pick({
        enabled: true,
        ip_version: true,
        statements: true,
        actors: true,
        update_type: true,
      }),
    )
    .default([]),
});
export interface Sentence {
  readonly consumers: readonly ActorWire[];
  readonly providers: readonly ActorWire[];
  readonly services: readonly IngressServiceWire[];
  readonly subnets: readonly string[];
  readonly badges: readonly string[];
}
export interface DiffLine {
  readonly sign: '+' | '-';
  readonly number?: number;
  readonly text?: string;
  readonly sentence?: Sentence;
}
type Connection = z.infer<typeof connection>;

function sentenceOf(one: Connection): Sentence {
  const badges = [
    one.network_type === 'brn' ? '' : NETWORK_PROFILE_NAMES[one.network_type],
    one.stateless ? 'Stateless' : '',
    one.unscoped_consumers ? 'Extra-scope' : '',
    ...(['consumers', 'providers'] as const).map((side) =>
      one.resolve_labels_as?.[side].includes('virtual_services') === true
        ? `Labels of ${side} as virtual services`
        : '',
    ),
    ...one.consuming_security_principals.map((group) => `Users of ${group.name}`),
    one.enabled ? '' : 'Disabled',
  ].filter((text) => text !== '');
  return {
    consumers: one.consumers,
    providers: one.providers,
    services: one.ingress_services,
    subnets: one.use_workload_subnets,
    badges,
  };
}
/** Equal for the same sentence, whatever state the hrefs name. */
function sentenceKey(one: Connection): string {
  const sentence = sentenceOf(one);
  return JSON.stringify([
    sentence.consumers.map((actor) => [actorKey(actor), actor.exclusion === true]),
    sentence.providers.map((actor) => [actorKey(actor), actor.exclusion === true]),
    sentence.services.map((one_) => one_.href?.split('/').at(-1) ?? portsText([one_])),
    sentence.subnets.toSorted(),
    sentence.badges,
  ]);
}

function textLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  return [
    ...before
      .filter((line) => !after.includes(line))
      .map((text): DiffLine => ({ sign: '-', text })),
    ...after
      .filter((line) => !before.includes(line))
      .map((text): DiffLine => ({ sign: '+', text })),
  ];
}

function ipTablesLines(rule: z.infer<typeof ruleSet>['ip_tables_rules'][number]): string[] {
  if (rule.update_type === 'delete') return [];
  const command = rule.ip_version === '4' ? 'iptables' : 'ip6tables';
  const hosts = rule.actors.map(actorName).join(', ');
  const off = rule.enabled ? '' : ' (disabled)';
  return rule.statements.map(
    (statement) => `${command} ${statementLine(statement)} on ${hosts}${off}`,
  );
}

function ruleSetFacts(value: unknown): { facts: string[]; rules: Connection[] } {
  const parsed = ruleSet.safeParse(value);
  if (!parsed.success) return { facts: [], rules: [] };
  const { data } = parsed;
  const scopes = data.scopes.map(
    (scope) =>
      `Scope: ${scope.map((entry) => `${entry.exclusion === true ? 'not ' : ''}${KEY_NAMES[entry.label?.key ?? entry.label_group?.key ?? ''] ?? ''} ${entry.label?.value ?? entry.label_group?.name ?? ''}`).join(', ') || 'everything'}`,
  );
  return {
    facts: [
      `Name: ${data.name}`,
      data.enabled ? 'Status: Enabled' : 'Status: Disabled',
      ...scopes,
      ...data.ip_tables_rules.flatMap(ipTablesLines),
    ],
    rules: data.rules.filter((rule) => rule.update_type !== 'delete'),
  };
}

function ruleLines(before: readonly Connection[], after: readonly Connection[]): DiffLine[] {
  const idOf = (rule: Connection): string => rule.href?.split('/').at(-1) ?? '';
  const lines: DiffLine[] = [];
  for (const [index, old] of before.entries()) {
    const now = after.find((rule) => idOf(rule) === idOf(old));
    if (now !== undefined && sentenceKey(now) === sentenceKey(old)) continue;
    lines.push({ sign: '-', number: index + 1, sentence: sentenceOf(old) });
    if (now !== undefined)
      lines.push({ sign: '+', number: after.indexOf(now) + 1, sentence: sentenceOf(now) });
  }
  for (const [index, rule] of after.entries())
    if (!before.some((old) => idOf(old) === idOf(rule)))
      lines.push({ sign: '+', number: index + 1, sentence: sentenceOf(rule) });
  return lines;
}

/** `before` is the active object, `after` the draft; null when there is none. `nameOf` says what the API names by href alone. */
export function diffLines(
  type: string,
  before: unknown,
  after: unknown,
  nameOf: NameOf = (href) => href,
): DiffLine[] {
  if (type === 'rule_sets') {
    const [old, now] = [ruleSetFacts(before), ruleSetFacts(after)];
    return [...textLines(old.facts, now.facts), ...ruleLines(old.rules, now.rules)];
  }
  if (type === 'enforcement_boundaries') {
    const [old, now] = [connection.safeParse(before), connection.safeParse(after)];
    const names = textLines(
      old.success ? [`Name: ${old.data.name ?? ''}`] : [],
      now.success ? [`Name: ${now.data.name ?? ''}`] : [],
    );
    if (old.success && now.success && sentenceKey(old.data) === sentenceKey(now.data)) return names;
    return [
      ...names,
      ...(old.success ? [{ sign: '-' as const, sentence: sentenceOf(old.data) }] : []),
      ...(now.success ? [{ sign: '+' as const, sentence: sentenceOf(now.data) }] : []),
    ];
  }
  return textLines(plainLines(type, before, nameOf), plainLines(type, after, nameOf));
}
