/** A rule that an explanation suggests, on its way into the editor of a ruleset through the URL. */
import { z } from 'zod';
import {
  actorSchema,
  ingressServiceSchema,
  type ActorWire,
  type RuleSetWire,
} from '@bulkhead/contract';
import { NETWORK_TYPES } from '@bulkhead/policy';
import type { Suggestion } from '../../format/explanation.ts';

type NewRuleSuggestion = Extract<Suggestion, { kind: 'new_rule' }>;
const newRule = z.object({
  consumers: z.array(actorSchema),
  providers: z.array(actorSchema),
  services: z.array(ingressServiceSchema),
  networkType: z.enum(NETWORK_TYPES),
});
export type NewRule = z.infer<typeof newRule>;

/** Actors of a side; an address that no IP list holds is `missing`. */
export function suggestedActors(
  actors: NewRuleSuggestion['consumers'],
): readonly (ActorWire | { readonly missing: string })[] {
  return actors.map((actor) => {
    if (actor.kind === 'label') return { label: actor.label };
    if (actor.kind === 'workload')
      return {
        workload: {
          href: actor.workload.href,
          name: actor.workload.name,
          hostname: null,
          deleted: false,
        },
      };
    return actor.ip_list === null ? { missing: actor.address } : { ip_list: actor.ip_list };
  });
}

/** What the editor opens with; null where it cannot be typed in yet: an IP list is missing, or the service needs an object of its own. */
export function ruleFromSuggestion(suggestion: NewRuleSuggestion): NewRule | null {
  const { protocol, port, to_port: toPort, process, windows_service } = suggestion.service;
  const [consumers, providers] = [suggestion.consumers, suggestion.providers].map((side) =>
    suggestedActors(side).flatMap((actor) => ('missing' in actor ? [] : [actor])),
  );
  const whole =
    consumers?.length === suggestion.consumers.length &&
    providers?.length === suggestion.providers.length;
  const inline = (protocol === 6 || protocol === 17) && port !== null;
  if (!whole || !inline || process !== undefined || windows_service !== undefined) return null;
  return {
    consumers,
    providers,
    services: [{ proto: protocol, port, ...(toPort === null ? {} : { to_port: toPort }) }],
    networkType: suggestion.network_type,
  };
}

export function writeNewRule(rule: NewRule): string {
  return JSON.stringify(rule);
}

/** Null for whatever somebody typed into the URL. */
export function readNewRule(text: string | undefined): NewRule | null {
  if (text === undefined) return null;
  try {
    const parsed = newRule.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Whether consumers with these labels may lie outside the scopes, so that only an extra-scope rule is about them. */
export function needsExtraScope(rule: NewRule, scopes: RuleSetWire['scopes']): boolean {
  const labels = new Set(rule.consumers.flatMap((actor) => actor.label?.href ?? []));
  const holds = (scope: RuleSetWire['scopes'][number]): boolean =>
    scope.every(
      (entry) =>
        entry.exclusion !== true && entry.label !== undefined && labels.has(entry.label.href),
    );
  return scopes.length > 0 && !scopes.some(holds);
}
