/** Reads a folder of policy files: YAML with sections, in as many files and folders as its keepers like. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import {
  ITEM_SCHEMAS,
  nameOf,
  NOUNS,
  SECTIONS,
  type Items,
  type Section,
} from '../policy/format.ts';
import { FaultsError, pathText, type Fault, type Path } from './fault.ts';

/** One item of a section, and where it stands. */
export interface Entry<S extends Section = Section> {
  readonly item: Items[S];
  readonly name: string;
  readonly file: SourceFile;
  readonly path: Path;
}
export interface SourceFile {
  /** As the user knows it: below the folder. */
  readonly name: string;
  readonly document: Document.Parsed;
  readonly placeOf: (path: Path) => { readonly line: number; readonly column: number };
}
export interface Folder {
  readonly files: readonly SourceFile[];
  /** Undefined: no file has the section, and the PCE's objects of that kind are left alone. */
  readonly sections: { readonly [S in Section]?: readonly Entry<S>[] };
}

const IS_YAML = /\.ya?ml$/;

/** Reads and checks all files below a folder. Rejects with FaultsError, which names every fault. */
export async function readFolder(folder: string): Promise<Folder> {
  const faults: Fault[] = [];
  const files: SourceFile[] = [];
  const found = new Map<Section, Entry[]>();
  for (const path of await yamlFiles(folder)) {
    const source = parseFile(relative(folder, path), await readFile(path, 'utf8'), faults);
    if (source === undefined) continue;
    files.push(source);
    for (const { section, entries } of sectionsOf(source, faults))
      found.set(section, [...(found.get(section) ?? []), ...entries]);
  }
  refuseTwice(found, faults);
  if (faults.length > 0) throw new FaultsError(faults);
  // each list was read by the schema of its own section
  return { files, sections: Object.fromEntries(found) as Folder['sections'] };
}

/** Files in an order that does not depend on the system; what is hidden is not read. */
export async function yamlFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && IS_YAML.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !relative(folder, path)
          .split('/')
          .some((part) => part.startsWith('.')),
    )
    .toSorted();
}

function parseFile(name: string, text: string, faults: Fault[]): SourceFile | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  for (const error of document.errors)
    faults.push({ file: name, ...at(error.pos[0]), member: '', message: error.message });
  if (document.errors.length > 0) return undefined;
  return {
    name,
    document,
    placeOf: (path) => {
      for (let length = path.length; length > 0; length -= 1) {
        const node: unknown = document.getIn(path.slice(0, length), true);
        const range =
          typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
        if (Array.isArray(range)) return at(Number(range[0]));
      }
      return at(document.contents?.range[0] ?? 0);
    },
  };
}

interface Found {
  readonly section: Section;
  readonly entries: Entry[];
}

function sectionsOf(file: SourceFile, faults: Fault[]): Found[] {
  const content: unknown = file.document.toJS({ maxAliasCount: 1000 });
  const complain = (path: Path, message: string): void => {
    faults.push({ file: file.name, ...file.placeOf(path), member: pathText(path), message });
  };
  if (content === null || content === undefined) return [];
  if (!isRecord(content)) {
    complain([], `must hold sections: ${SECTIONS.join(', ')}`);
    return [];
  }
  return Object.entries(content).flatMap(([key, value]): Found[] => {
    const section = SECTIONS.find((known) => known === key);
    if (section === undefined) {
      complain([key], `is no section; the sections are ${SECTIONS.join(', ')}`);
      return [];
    }
    return [{ section, entries: entriesOf(file, section, value, complain) }];
  });
}

function entriesOf(
  file: SourceFile,
  section: Section,
  value: unknown,
  complain: (path: Path, message: string) => void,
): Entry[] {
  return listsOf(section, value, complain).flatMap(({ list, path, also }) =>
    list.flatMap((written, index): Entry[] => {
      const at = [...path, index];
      const parsed = ITEM_SCHEMAS[section].safeParse(written);
      if (!parsed.success) {
        for (const issue of parsed.error.issues) explain(issue, at, complain);
        return [];
      }
      const item = { ...parsed.data, ...also } as Items[Section];
      return [{ item, name: nameOf(section, item), file, path: at }];
    }),
  );
}

/** Labels stand below their dimension; everything else is a list. */
function listsOf(
  section: Section,
  value: unknown,
  complain: (path: Path, message: string) => void,
): { readonly list: readonly unknown[]; readonly path: Path; readonly also?: object }[] {
  if (value === null) return [];
  if (section !== 'labels') {
    if (Array.isArray(value)) return [{ list: value, path: [section] }];
    complain([section], `must be a list of ${NOUNS[section]}s`);
    return [];
  }
  if (!isRecord(value)) {
    complain([section], 'must hold a list of values for each dimension, such as role: [web, db]');
    return [];
  }
  return Object.entries(value).flatMap(([key, list]) => {
    const path = [section, key];
    if (!/^[a-z][a-z0-9_-]{0,63}$/.test(key))
      complain(path, 'must be the key of a label dimension, such as role, app, env or loc');
    else if (Array.isArray(list)) return [{ list, path, also: { key } }];
    else if (list !== null) complain(path, 'must be a list of values, such as [web, db]');
    return [];
  });
}

function explain(
  issue: z.core.$ZodIssue,
  at: Path,
  complain: (path: Path, message: string) => void,
): void {
  const path = [
    ...at,
    ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part)),
  ];
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys)
      complain([...path, key], 'is no member here; mend its name or leave it out');
    return;
  }
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  complain(path, isMissing ? 'is missing' : issue.message.replace(/^Invalid input: /, ''));
}

function refuseTwice(found: ReadonlyMap<Section, readonly Entry[]>, faults: Fault[]): void {
  for (const [section, entries] of found) {
    const first = new Map<string, Entry>();
    for (const entry of entries) {
      const before = first.get(entry.name);
      if (before === undefined) {
        first.set(entry.name, entry);
        continue;
      }
      const place = before.file.placeOf(before.path);
      faults.push({
        file: entry.file.name,
        ...entry.file.placeOf(entry.path),
        member: pathText(entry.path),
        message: `the ${NOUNS[section]} "${entry.name}" stands already at ${before.file.name}:${place.line}; keep one of them`,
      });
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
