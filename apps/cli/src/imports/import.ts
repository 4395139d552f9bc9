/** What an import is: what it would write, what is wrong with the file, and how it is written. */
import type { ApiClient } from '@bulkhead/contract';
import type { Faults } from './table.ts';

export interface ImportItem {
  readonly action: 'create' | 'update';
  readonly line: number;
  /** In a sentence: `label "role=web"`. */
  readonly what: string;
}
export interface Import<I extends ImportItem = ImportItem> {
  readonly items: readonly I[];
  readonly unchanged: number;
  /** Writes the items. What the PCE refuses goes to the faults; the rest is written. Answers what was written. */
  write(): Promise<readonly I[]>;
}

export interface ImportSource {
  readonly client: ApiClient;
  readonly text: string;
  readonly faults: Faults;
  /** Labels that are not there are created. */
  readonly createLabels: boolean;
}

export const EVERYTHING = { max_results: 1_000_000 };
/** Items of one bulk call. */
export const BULK = 1000;
