/** What is wrong with a file, where, and what would be right. */

export type Path = readonly (string | number)[];

export interface Fault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Such as `rulesets[0].rules[2].providers[0]`; empty: the file as a whole. */
  readonly member: string;
  readonly message: string;
}

export function pathText(path: Path): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join('');
}

/** `FILE:LINE:COLUMN: MEMBER: what is wrong` */
export function faultText({ file, line, column, member, message }: Fault): string {
  return `${file}:${line}:${column}: ${member === '' ? '' : `${member}: `}${message}`;
}

/** Files that say something wrong; nothing was done. */
export class FaultsError extends Error {
  override readonly name = 'FaultsError';
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    super(faults.map(faultText).join('\n'));
    this.faults = faults;
  }
}
