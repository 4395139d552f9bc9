/** One line of a log before its format is chosen: what CEF and LEEF have in common. */

export type Severity = 'err' | 'warning' | 'info';

export interface LogField {
  /** Key of the value in CEF's dictionary, and in LEEF's. */
  readonly cef: string;
  readonly leef: string;
  readonly value: string | number | null | undefined;
}

export interface LogRecord {
  /** Type, such as `label.create.success`. */
  readonly id: string;
  readonly name: string;
  readonly severity: Severity;
  readonly at: Date;
  /** In order; those without a value are left out. */
  readonly fields: readonly LogField[];
}

export const VENDOR = 'Bulkhead';
export const PRODUCT = 'PCE';

/** `key=value` of every field that has a value. */
export function pairs(
  { fields }: LogRecord,
  dialect: 'cef' | 'leef',
  escape: (text: string) => string,
): string[] {
  return fields.flatMap((field) =>
    field.value === null || field.value === undefined || field.value === ''
      ? []
      : [`${field[dialect]}=${escape(String(field.value))}`],
  );
}

/** Puts the sign for an unreadable character where a line may hold none and the format has no way to write it. */
export function withoutControls(text: string): string {
  return text.replace(/\p{Cc}|[\u2028\u2029]/gu, '\uFFFD');
}
