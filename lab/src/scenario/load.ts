/** Reads scenario files: YAML with several documents, JSON, or JSON lines, each scenario with the lines that its faults stand on. */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { parseSpan } from '@bulkhead/net';
import { LineCounter, parseAllDocuments, type Document, type ParsedNode } from 'yaml';
import type { z } from 'zod';
import { askedConnections } from './ask.ts';
import { evaluateScenario, type Outcome } from './evaluate.ts';
import { pathText, scenarioSchema, type Fault, type Scenario } from './format.ts';
import { translate, type Translation } from './translate.ts';

export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly translation: Translation;
  readonly asked: ReturnType<typeof askedConnections>['asked'];
  /** Line of a path, or of the closest thing around it. */
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

export interface LoadedFile {
  readonly file: string;
  readonly scenarios: readonly LoadedScenario[];
  /** `FILE:LINE: FIELD: what is wrong` */
  readonly faults: readonly string[];
}

interface Parsed {
  readonly value: unknown;
  readonly errors: readonly string[];
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

/** Reads and checks one file; never throws for what is in it. A file that cannot be read is a fault. */
export function loadFile(file: string): LoadedFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { file, scenarios: [], faults: [`${file}:1: cannot be read: ${reason}`] };
  }
  const faults: string[] = [];
  const scenarios = parseText(text, extname(file)).flatMap((parsed) => {
    faults.push(...parsed.errors.map((message) => `${file}:${message}`));
    if (parsed.errors.length > 0) return [];
    const loaded = checkDocument(parsed.value, parsed.lineOf);
    if ('scenario' in loaded) return [loaded];
    const lines = loaded.faults.map((fault) => ({
      line: parsed.lineOf(fault.path),
      text: `${pathText(fault.path) || 'scenario'}: ${fault.message}`,
    }));
    for (const { line, text: said } of lines.toSorted((a, b) => a.line - b.line)) {
      faults.push(`${file}:${line}: ${said}`);
    }
    return [];
  });
  return { file, scenarios, faults };
}

/** A scenario from what a file holds, or what is wrong with it. */
export function checkDocument(
  value: unknown,
  lineOf: LoadedScenario['lineOf'],
): LoadedScenario | { readonly faults: readonly Fault[] } {
  const structure = scenarioSchema.safeParse(value);
  if (!structure.success) {
    const faults = structure.error.issues.flatMap(faultsOf);
    return { faults };
  }
  const scenario = structure.data;
  const translation = translate(scenario);
  const { asked, faults } = askedConnections(scenario, translation);
  const subnets = scenario.expect_subnets.flatMap((item, index): Fault[] => [
    ...(translation.hosts.get(item.workload)?.workload == null
      ? [
          {
            path: ['expect_subnets', index, 'workload'],
            message: `there is no workload named "${item.workload}"`,
          },
        ]
      : []),
    ...(translation.statements.has(item.rule)
      ? []
      : [
          {
            path: ['expect_subnets', index, 'rule'],
            message: `there is no rule or boundary named "${item.rule}"`,
          },
        ]),
    ...item.addresses.flatMap((text, at) => {
      const parsed = parseSpan(text);
      const path = ['expect_subnets', index, 'addresses', at];
      return parsed.ok ? [] : [{ path, message: parsed.message }];
    }),
  ]);
  const all = [...translation.faults, ...faults, ...subnets];
  if (all.length > 0) return { faults: all };
  return { scenario, translation, asked, lineOf };
}

/** A fault of structure in the words of the format. */
function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: 'is no field of the format; correct it or leave it out',
    }));
  }
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [{ path, message: missing ? 'is required' : issue.message }];
}

function parseText(text: string, extension: string): Parsed[] {
  if (extension === '.jsonl') {
    return text.split('\n').flatMap((line, index): Parsed[] => {
      if (line.trim() === '') return [];
      const [parsed] = parseText(line, '.json');
      const at = index + 1;
      const errors = (parsed?.errors ?? []).map((message) => message.replace(/^\d+/, `${at}`));
      return [{ value: parsed?.value, errors, lineOf: () => at }];
    });
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const list: readonly Document.Parsed[] = Array.isArray(documents) ? documents : [];
  return list.map((document) => ({
    value: document.toJS({ maxAliasCount: 1000 }) as unknown,
    errors: document.errors.map(
      (error) => `${lines.linePos(error.pos[0]).line}: file: ${error.message}`,
    ),
    lineOf: (path) => lineOf(document, lines, path),
  }));
}

function lineOf(
  document: Document.Parsed,
  lines: LineCounter,
  path: readonly (string | number)[],
): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as ParsedNode | undefined;
    if (node?.range != null) return lines.linePos(node.range[0]).line;
  }
  return lines.linePos(document.range[0]).line;
}

/** Evaluates what was loaded. */
export function evaluateLoaded(loaded: LoadedScenario): Outcome {
  return evaluateScenario(loaded.scenario, loaded.translation, loaded.asked);
}
