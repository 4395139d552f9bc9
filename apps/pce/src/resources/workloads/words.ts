/** Words of older clients for the enforcement modes. */
import type { AgentMode } from '@bulkhead/contract';
import type { EnforcementMode } from '@bulkhead/policy';

export const AGENT_MODES = {
  idle: 'idle',
  visibility_only: 'illuminated',
  selective: 'selective',
  full: 'enforced',
} as const satisfies Record<EnforcementMode, AgentMode>;

/** The enforcement mode behind a word of either kind; undefined for any other. */
export function enforcementModeOf(word: string): EnforcementMode | undefined {
  const modes = Object.keys(AGENT_MODES) as EnforcementMode[]; // keys of the table above
  return modes.find((mode) => mode === word || AGENT_MODES[mode] === word);
}
