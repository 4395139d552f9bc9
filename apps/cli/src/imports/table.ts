/** A CSV file as rows of named cells. */
import { parse, CsvError } from 'csv-parse/sync';
import type { Fault } from '../folder/fault.ts';

export interface Row {
  /** Line of the file on which the row begins. */
  readonly line: number;
  /** Text of a cell; undefined: the file has no such column, or the cell is empty. */
  cell(column: string): string | undefined;
}
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** Collects what is wrong with a file, cell by cell. */
export class Faults {
  readonly list: Fault[] = [];
  readonly #file: string;
  #columns: readonly string[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  named(columns: readonly string[]): void {
    this.#columns = columns;
  }

  /** `column`: name of the cell's column; empty: the row as a whole. */
  add(line: number, column: string, message: string): void {
    const index = this.#columns.indexOf(column);
    this.list.push({
      file: this.#file,
      line,
      column: index < 0 ? 1 : index + 1,
      member: column,
      message,
    });
  }
}

export interface Columns {
  /** Names that a column may have; `more` says of any other name whether it may be one, too. */
  readonly known: readonly string[];
  readonly more?: (name: string) => boolean;
  /** Must be there, at least one of each list. */
  readonly required: readonly (readonly string[])[];
}

interface Raw {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** Reads a table: comma or semicolon between cells, names of the columns in the first line. What is wrong goes to `faults`. */
export function readTable(text: string, columns: Columns, faults: Faults): Table {
  const rows = rawRows(text, faults);
  const [head, ...body] = rows;
  if (head === undefined) {
    if (faults.list.length === 0)
      faults.add(1, '', `is empty; the first line names the columns: ${columns.known.join(',')}`);
    return { columns: [], rows: [] };
  }
  const names = head.record.map((name) => name.trim().toLowerCase());
  faults.named(names);
  checkHead(names, columns, faults);
  return {
    columns: names,
    rows: body.map(({ record, line }) => {
      if (record.length > names.length)
        faults.add(
          line,
          '',
          `has ${record.length} cells and there are ${names.length} columns; put text with a comma into quotes`,
        );
      return {
        line,
        cell: (column) => {
          const text = record[names.indexOf(column)]?.trim();
          return text === '' ? undefined : text;
        },
      };
    }),
  };
}

function rawRows(text: string, faults: Faults): { record: readonly string[]; line: number }[] {
  const [first = ''] = text.split('\n', 1);
  const delimiter = first.includes(';') && !first.includes(',') ? ';' : ',';
  try {
    // with `info` each row comes with its place, which the types of the library do not say
    const raw = parse(text, {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as readonly Raw[];
    // the reader says where a row ends; those in quotes may have begun some lines before
    return raw.map(({ record, info }) => ({
      record,
      line: info.lines - record.join('').split('\n').length + 1,
    }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = 'lines' in error ? Number(error['lines']) : 1;
    faults.add(line, '', `is no CSV: ${error.message}`);
    return [];
  }
}

function checkHead(names: readonly string[], columns: Columns, faults: Faults): void {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) !== index)
      faults.add(1, name, 'stands twice in the first line; leave one column out');
    else if (!columns.known.includes(name) && columns.more?.(name) !== true)
      faults.add(1, name, `is no column; the columns are ${columns.known.join(', ')}`);
  }
  for (const choice of columns.required)
    if (!choice.some((name) => names.includes(name)))
      faults.add(1, choice[0] ?? '', `is missing; the file needs a column ${choice.join(' or ')}`);
}
