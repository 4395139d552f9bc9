/** The versions that one can ask of: draft, active, and every number from before. */
import { useApi } from '../../api/hooks.ts';

export interface VersionChoice {
  readonly value: string;
  readonly label: string;
}
const MOST = 1000;
const NOTE_LENGTH = 40;

export function useVersionChoices(): readonly VersionChoice[] {
  const versions = useApi('sec_policy.list', { query: { max_results: MOST } }).data?.items ?? [];
  return [
    { value: 'draft', label: 'Draft' },
    { value: 'active', label: 'Active' },
    ...versions.map((one) => {
      const note = one.commit_message ?? '';
      const short = note.length > NOTE_LENGTH ? `${note.slice(0, NOTE_LENGTH)}…` : note;
      return {
        value: String(one.version),
        label: short === '' ? `Version ${one.version}` : `Version ${one.version}: ${short}`,
      };
    }),
  ];
}

/** `draft`, `active policy`, `version 3`. */
export function versionName(version: string): string {
  if (version === 'draft') return 'the draft';
  return version === 'active' ? 'the active policy' : `version ${version}`;
}
