/** Writes a plan into the draft, one object after the other, so that what was done is known when something is refused. */
import { isDeepStrictEqual } from 'node:util';
import { ApiRequestError, type ApiClient, type Operation } from '@bulkhead/contract';
import type { Items, Section } from './format.ts';
import { bodyOf, type Change, type References } from './plan.ts';

export interface Applied {
  readonly done: readonly Change[];
  /** Deletions of what active policy still uses: possible once the draft is provisioned. */
  readonly waiting: readonly Change[];
}

/** A change that the PCE refused. What was done before it stays; the same command again does the rest. */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
  readonly change: Change;
  readonly done: readonly Change[];
  constructor(change: Change, done: readonly Change[], cause: Error) {
    super(cause.message, { cause });
    this.change = change;
    this.done = done;
  }
}

interface Resource {
  readonly create: Operation;
  readonly update: Operation;
  readonly delete: Operation | null;
  /** Members that a PUT does not take. */
  readonly fixed: readonly string[];
  /** Kept in draft, under `sec_policy/draft`. */
  readonly versioned: boolean;
}
const RESOURCES: Readonly<Record<Section, Resource>> = {
  labels: resource('labels', { delete: null, fixed: ['key'], versioned: false }),
  user_groups: resource('security_principals', { delete: null, fixed: ['sid'], versioned: false }),
  ip_lists: resource('ip_lists'),
  services: resource('services'),
  label_groups: resource('label_groups', { fixed: ['key'] }),
  virtual_services: resource('virtual_services'),
  rulesets: resource('rule_sets'),
  enforcement_boundaries: resource('enforcement_boundaries'),
  policy_tests: resource('policy_tests', { versioned: false }),
};

type Noun =
  | 'labels'
  | 'security_principals'
  | 'ip_lists'
  | 'services'
  | 'label_groups'
  | 'virtual_services'
  | 'rule_sets'
  | 'enforcement_boundaries'
  | 'policy_tests';

function resource(noun: Noun, other: Partial<Resource> = {}): Resource {
  return {
    create: `${noun}.create`,
    update: `${noun}.update`,
    delete: `${noun}.delete`,
    fixed: [],
    versioned: true,
    ...other,
  };
}

/** Does the changes in their order. Rejects with ApplyError at the first that the PCE refuses for another reason than active use. */
export async function applyPlan(
  client: ApiClient,
  changes: readonly Change[],
  references: References,
): Promise<Applied> {
  const done: Change[] = [];
  const waiting: Change[] = [];
  for (const change of changes) {
    try {
      await applyChange(client, change, references);
      done.push(change);
    } catch (error) {
      if (change.action === 'delete' && isInUse(error)) waiting.push(change);
      else if (error instanceof Error) throw new ApplyError(change, done, error);
      else throw error;
    }
  }
  return { done, waiting };
}

function isInUse(error: unknown): boolean {
  return (
    error instanceof ApiRequestError &&
    error.errors.some(({ token }) => token.endsWith('_referenced'))
  );
}

async function applyChange(
  client: ApiClient,
  change: Change,
  references: References,
): Promise<void> {
  const { section, known, entry, action } = change;
  const { create, update, fixed, versioned, delete: remove } = RESOURCES[section];
  const place = versioned ? { pversion: 'draft' } : {};
  if (known === null) {
    if (entry === null) return;
    const body = bodyOf(section, entry.item, references.resolve);
    const made = await call(client, create, { params: place, body });
    references.learn(section, entry.item, hrefOf(made));
    return;
  }
  const params = { ...place, id: known.href.split('/').at(-1) ?? '' };
  if (entry === null) {
    if (remove !== null) await call(client, remove, { params });
    return;
  }
  if (action === 'restore') {
    const noun = create.split('.')[0] ?? '';
    await client.call('sec_policy.revert', {
      body: { change_subset: { [noun]: [{ href: known.href }] } },
    });
  }
  references.learn(section, entry.item, known.href);
  const whole = withKeptEntries(change, bodyOf(section, entry.item, references.resolve));
  const body = Object.fromEntries(
    Object.entries(whole).filter(([member]) => !fixed.includes(member)),
  );
  // what was reverted has another time by now, and nobody can have edited it while it was deleted
  const query = action === 'restore' ? {} : { if_updated_at: known.updatedAt };
  await call(client, update, { params, query, body });
}

interface AnyCall {
  readonly params: object;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** One call of an operation that is known at run time alone; the PCE holds the body against the operation's schema. */
function call(client: ApiClient, operation: Operation, options: AnyCall): Promise<unknown> {
  return client.call(operation, options as never);
}

function hrefOf(answer: unknown): string {
  if (typeof answer === 'object' && answer !== null && 'href' in answer) return String(answer.href);
  throw new Error('The PCE did not say the href of what it created');
}

/** Rules that stay keep their hrefs, and with them their history; one that changed keeps the href of the one whose place it takes. */
function withKeptEntries(change: Change, body: object): object {
  const { known, entry } = change;
  if (change.section !== 'rulesets' || known === null || entry === null) return body;
  // the section says what the item is
  const item = entry.item as Items['rulesets'];
  const written = body as { readonly rules: object[]; readonly ip_tables_rules: object[] };
  return {
    ...body,
    rules: kept(written.rules, item.rules ?? [], known.rules),
    ip_tables_rules: kept(written.ip_tables_rules, item.ip_tables_rules ?? [], known.ipTablesRules),
  };
}

function kept(
  bodies: readonly object[],
  items: readonly object[],
  olds: readonly { readonly href: string; readonly item: unknown }[],
): object[] {
  const left = [...olds];
  const take = (test: (old: (typeof olds)[number]) => boolean): string | undefined => {
    const at = left.findIndex(test);
    return at < 0 ? undefined : left.splice(at, 1)[0]?.href;
  };
  const same = items.map((item) => take((old) => isDeepStrictEqual(old.item, item)));
  return bodies.map((body, index) => {
    const href = same[index] ?? take(() => true);
    return href === undefined ? body : { href, ...body };
  });
}
