/** The policy worker: holds the cores, so that computing policy never holds up requests. */
import { parentPort } from 'node:worker_threads';
import {
  createPolicyCore,
  type HostPolicy,
  type PolicyChange,
  type PolicyCore,
} from '@bulkhead/policy';
import type {
  CoreChange,
  CoreQuestion,
  CoreUpdate,
  HostView,
  WorkerAnswer,
  WorkerRequest,
} from './protocol.ts';

/** Draft cores are made for questions and kept as long as they are asked. */
const MAX_DRAFTS = 4;

const cores = new Map<string, PolicyCore>();

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

function keep(name: string, core: PolicyCore): void {
  cores.delete(name);
  cores.set(name, core);
  const drafts = [...cores.keys()].filter((key) => key.startsWith('draft '));
  for (const old of drafts.slice(0, -MAX_DRAFTS)) cores.delete(old);
}

function hostView(core: PolicyCore, workload: string): HostView | null {
  const policy = core.hostPolicy(workload);
  if (policy === undefined) return null;
  const sets = core.setsOf(workload).flatMap((id) => core.addressSet(id) ?? []);
  return { policy, sets };
}

function answer(id: number, body: CoreChange | CoreQuestion): WorkerAnswer {
  if (body.type === 'build') {
    const core = createPolicyCore();
    const update = change(core, body.changes);
    keep(body.core, core);
    return { id, type: 'update', update };
  }
  const core = cores.get(body.core);
  if (core === undefined) return { id, type: 'missing' };
  keep(body.core, core);
  switch (body.type) {
    case 'apply':
      return { id, type: 'update', update: change(core, body.changes) };
    case 'decide':
      return { id, type: 'decision', decision: core.decide(body.connection) };
    case 'host':
      return { id, type: 'host', view: hostView(core, body.workload) };
  }
}

parentPort?.on('message', ({ id, body }: WorkerRequest) => {
  try {
    parentPort?.postMessage(answer(id, body));
  } catch (error) {
    // A core that failed in the middle of a change is of no use; the main thread builds it again.
    if (body.type === 'apply') cores.delete(body.core);
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    parentPort?.postMessage({ id, type: 'failed', message } satisfies WorkerAnswer);
  }
});
