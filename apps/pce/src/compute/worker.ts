/** The policy worker: holds the cores, so that computing policy never holds up requests. */
import { hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import {
  createPolicyCore,
  diagnose,
  policyDifference,
  type HostPolicy,
  type PolicyChange,
  type PolicyCore,
} from '@bulkhead/policy';
import { checkParts } from '../policy-tests/evaluate.ts';
import { impactOf } from './impact.ts';
import type { CoreUpdate, HostView, WorkerAnswer, WorkerBody, WorkerRequest } from './protocol.ts';

/** Cores that are made for questions are kept as long as they are asked. */
const MAX_QUESTION_CORES = 4;

/** Cores of active policies, which stay. */
const active = new Map<string, PolicyCore>();
/** Cores made for questions; the one asked longest ago first. */
const asked = new Map<string, PolicyCore>();

function newCore(): PolicyCore {
  return createPolicyCore(undefined, { sha256: (text) => hash('sha256', text) });
}

function find(name: string): PolicyCore | undefined {
  const core = asked.get(name);
  if (core === undefined) return active.get(name);
  asked.delete(name);
  asked.set(name, core);
  return core;
}

function drop(name: string): void {
  active.delete(name);
  asked.delete(name);
}

function prepare(name: string, changes: readonly PolicyChange[]): void {
  drop(name);
  // Before it is built, so that there is never one more than may be kept.
  for (const old of [...asked.keys()].slice(0, asked.size - MAX_QUESTION_CORES + 1))
    asked.delete(old);
  const core = newCore();
  core.change(changes);
  asked.set(name, core);
}

function change(core: PolicyCore, changes: readonly PolicyChange[]): CoreUpdate {
  const delta = core.apply(changes);
  const policies = new Map<string, HostPolicy>();
  for (const { workload, hash } of delta.policies) {
    if (hash === null || policies.has(hash)) continue;
    const policy = core.hostPolicy(workload);
    if (policy !== undefined) policies.set(hash, policy);
  }
  return { delta, policies: [...policies.values()] };
}

function hostView(core: PolicyCore, workload: string): HostView | null {
  const policy = core.hostPolicy(workload);
  if (policy === undefined) return null;
  const sets = core.setsOf(workload).flatMap((id) => core.addressSet(id) ?? []);
  return { policy, sets };
}

function answer(id: number, body: WorkerBody): WorkerAnswer {
  if (body.type === 'build') {
    drop(body.core);
    const built = newCore();
    const update = change(built, body.changes);
    active.set(body.core, built);
    return { id, type: 'update', update };
  }
  if (body.type === 'prepare') {
    prepare(body.core, body.changes);
    return { id, type: 'done' };
  }
  const core = find(body.core);
  if (core === undefined) return { id, type: 'missing' };
  switch (body.type) {
    case 'apply':
      return { id, type: 'update', update: change(core, body.changes) };
    case 'follow':
      core.change(body.changes);
      return { id, type: 'done' };
    case 'decide':
      return { id, type: 'decision', decision: core.decide(body.connection) };
    case 'decide_each':
      return { id, type: 'decisions', decisions: body.connections.map((one) => core.decide(one)) };
    case 'explain':
      return {
        id,
        type: 'explanation',
        explanation: core.explain(body.connection),
        sizes: core.sizes(),
      };
    case 'diagnose':
      return { id, type: 'diagnosed', diagnostics: diagnose(core.model()) };
    case 'difference': {
      const after = find(body.after);
      if (after === undefined) return { id, type: 'missing' };
      return { id, type: 'difference', difference: policyDifference(core, after, body.options) };
    }
    case 'host':
      return { id, type: 'host', view: hostView(core, body.workload) };
    case 'impact':
      return { id, type: 'impact', impact: impactOf(core, body) };
    case 'check':
      return { id, type: 'checked', outcomes: checkParts(core, body.parts) };
    case 'sizes':
      return { id, type: 'sizes', sizes: core.sizes() };
  }
}

const CHANGING: ReadonlySet<WorkerBody['type']> = new Set(['apply', 'follow', 'impact']);

parentPort?.on('message', ({ id, body }: WorkerRequest) => {
  try {
    parentPort?.postMessage(answer(id, body));
  } catch (error) {
    // A core that failed in the middle of a change is of no use; the main thread builds it again.
    if (CHANGING.has(body.type)) drop(body.core);
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    parentPort?.postMessage({ id, type: 'failed', message } satisfies WorkerAnswer);
  }
});
