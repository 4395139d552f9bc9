/** Writes policy into a folder: what is there stays as its keepers wrote it, comments and order too, where it says the same. */
import { isDeepStrictEqual } from 'node:util';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Document, isMap, isScalar, isSeq, visit, type Node, type YAMLSeq } from 'yaml';
import { nameOf, SECTIONS, type Items, type Section } from '../policy/format.ts';
import type { Folder, SourceFile } from './read.ts';

/** Items of every section, each in the order in which it is written. */
export type Policy = { readonly [S in Section]: readonly Items[S][] };

export interface Written {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

interface Target {
  readonly document: Document;
  /** Text of the file as it is; null: it is not there yet. */
  readonly before: string | null;
}

/** Makes a folder say what the policy says. `folder`: what is in it, as `readFolder` answered. */
export async function writeFolder(root: string, folder: Folder, policy: Policy): Promise<Written> {
  const targets = new Map<string, Target>(
    folder.files.map((file) => [
      file.name,
      { document: file.document, before: textOf(file.document) },
    ]),
  );
  for (const section of SECTIONS) updateSection(section, { folder, policy, targets });
  const written: string[] = [];
  const removed: string[] = [];
  for (const [name, { document, before }] of targets) {
    const path = join(root, name);
    const text = textOf(document);
    if (name.startsWith('rulesets/') && saysNothing(document)) {
      await rm(path, { force: true });
      removed.push(name);
    } else if (text !== before) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
      written.push(name);
    }
  }
  return { written, removed };
}

function textOf(document: Document): string {
  return document.toString({ lineWidth: 0 });
}

interface Work {
  readonly folder: Folder;
  readonly policy: Policy;
  readonly targets: Map<string, Target>;
}

function updateSection(section: Section, { folder, policy, targets }: Work): void {
  const wanted = new Map(policy[section].map((item) => [nameOf(section, item), item]));
  const gone: { readonly file: SourceFile; readonly path: readonly (string | number)[] }[] = [];
  for (const entry of folder.sections[section] ?? []) {
    const item = wanted.get(entry.name);
    wanted.delete(entry.name);
    const { document } = entry.file;
    if (item === undefined) gone.push(entry);
    else if (!isDeepStrictEqual(item, entry.item))
      document.setIn(
        entry.path,
        merged(document, document.getIn(entry.path, true), fileForm(section, item)),
      );
  }
  // from the back, so that places before stay what they are
  for (const { file, path } of gone.toReversed()) file.document.deleteIn(path);
  for (const item of wanted.values()) append(section, item, targets);
  // an empty list says that there is none; no list would say nothing
  if (policy[section].length === 0 && folder.sections[section] === undefined)
    documentAt(targets, FILES[section]).set(section, section === 'labels' ? {} : []);
}

const FILES: Readonly<Record<Section, string>> = {
  labels: 'labels.yaml',
  user_groups: 'user-groups.yaml',
  ip_lists: 'ip-lists.yaml',
  services: 'services.yaml',
  label_groups: 'label-groups.yaml',
  virtual_services: 'virtual-services.yaml',
  rulesets: 'rulesets.yaml',
  enforcement_boundaries: 'enforcement-boundaries.yaml',
  policy_tests: 'policy-tests.yaml',
};

function append(section: Section, item: Items[Section], targets: Map<string, Target>): void {
  const file = section === 'rulesets' ? ruleSetFile(item, targets) : FILES[section];
  const document = documentAt(targets, file);
  const path = 'key' in item && section === 'labels' ? [section, item.key] : [section];
  const list: unknown = document.getIn(path, true);
  const node = styled(document.createNode(fileForm(section, item)));
  if (isSeq(list)) {
    list.flow = false;
    list.add(node);
  } else document.setIn(path, document.createNode([node]));
}

function documentAt(targets: Map<string, Target>, name: string): Document {
  const known = targets.get(name);
  if (known !== undefined) {
    if (!isMap(known.document.contents)) known.document.contents = known.document.createNode({});
    return known.document;
  }
  const document = new Document({});
  targets.set(name, { document, before: null });
  return document;
}

/** A file of its own for each ruleset, named after it. */
function ruleSetFile(item: Items[Section], targets: ReadonlyMap<string, Target>): string {
  const name = 'name' in item ? item.name : '';
  const slug =
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 60) || 'ruleset';
  for (let count = 1; ; count += 1) {
    const file = `rulesets/${slug}${count === 1 ? '' : `-${count}`}.yaml`;
    if (!targets.has(file)) return file;
  }
}

/** As it is written: a label stands below its dimension, and one without other members is its value. */
function fileForm(section: Section, item: Items[Section]): unknown {
  if (section !== 'labels' || !('value' in item)) return item;
  const { key: _, ...rest } = item;
  return Object.keys(rest).length === 1 ? rest.value : rest;
}

/** The node with what differs replaced: comments stand at nodes, and stay with those that stay. */
function merged(document: Document, node: unknown, value: unknown): Node {
  if (isMap(node) && isRecord(value)) {
    const gone = node.items.filter(
      ({ key }) => !(String(isScalar(key) ? key.value : key) in value),
    );
    for (const { key } of gone) node.delete(key);
    for (const [key, member] of Object.entries(value))
      if (member !== undefined) node.set(key, merged(document, node.get(key, true), member));
    return node;
  }
  if (isSeq(node) && Array.isArray(value)) return mergedList(document, node, value);
  if (isScalar(node) && !isRecord(value) && !Array.isArray(value)) {
    if (node.value !== value) node.value = value;
    return node;
  }
  return styled(document.createNode(value));
}

function mergedList(document: Document, node: YAMLSeq, values: readonly unknown[]): Node {
  const left = new Set(node.items);
  const same = values.map((value) => {
    for (const item of left)
      if (isDeepStrictEqual(plain(document, item), value)) {
        left.delete(item);
        return item;
      }
    return undefined;
  });
  node.items = values.map((value, index) => {
    const kept = same[index];
    if (kept !== undefined) return kept;
    const [next] = left;
    left.delete(next);
    return merged(document, next, value);
  });
  return node;
}

function plain(document: Document, node: unknown): unknown {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.toJS(document) : node;
}

const SHORT = 60;

/** Short lists of plain values in one line. */
function styled(node: Node): Node {
  visit(node, {
    Seq: (_, list) => {
      const texts = list.items.map((item) => (isScalar(item) ? String(item.value) : undefined));
      const length = texts.reduce((sum, text) => sum + (text?.length ?? SHORT), 0);
      list.flow = list.items.length === 0 || length + 2 * texts.length < SHORT;
    },
  });
  return node;
}

function saysNothing(document: Document): boolean {
  const content: unknown = document.toJS();
  return (
    isRecord(content) &&
    Object.values(content).every((list) => Array.isArray(list) && list.length === 0)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
