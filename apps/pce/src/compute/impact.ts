/** What changes of a policy would do to hosts and connections, without keeping them. Runs in the policy worker. */
import type {
  Connection,
  HostPolicy,
  PolicyChange,
  PolicyCore,
  PolicyDecision,
  PolicyDelta,
} from '@bulkhead/policy';

/** `undo` must restore what `apply` replaces. */
export interface ImpactQuestion {
  readonly apply: readonly PolicyChange[];
  readonly undo: readonly PolicyChange[];
  readonly connections: readonly Connection[];
}

export interface Impact {
  /** Hrefs of managed workloads whose host policy, or a set that it names, would be another. */
  readonly workloads: readonly string[];
  readonly managed: number;
  /** Unmanaged workloads with an address that would come into, or leave, a set of some host. */
  readonly unmanaged: number;
  /** One for each connection, in their order. */
  readonly decisions: readonly { readonly from: PolicyDecision; readonly to: PolicyDecision }[];
}

export function impactOf(core: PolicyCore, question: ImpactQuestion): Impact {
  const { connections } = question;
  // What moved before is not of these changes.
  core.takeDelta();
  const before = connections.map((connection) => core.decide(connection).decision);
  core.change(question.apply);
  const delta = core.takeDelta();
  const after = connections.map((connection) => core.decide(connection).decision);
  const hosts = hostsOf(core, delta);
  core.change(question.undo);
  core.takeDelta();
  return {
    ...hosts,
    decisions: before.flatMap((from, index) => {
      const to = after[index];
      return to === undefined ? [] : [{ from, to }];
    }),
  };
}

function hostsOf(core: PolicyCore, delta: PolicyDelta): Omit<Impact, 'decisions'> {
  const moved = new Set(delta.sets.map(({ id }) => id));
  const addresses = new Set(
    delta.sets.flatMap(({ addHosts, removeHosts }) => [...addHosts, ...removeHosts]),
  );
  const other = new Set(delta.policies.map(({ workload }) => workload));
  const named = new Map<HostPolicy, boolean>();
  const namesMoved = (href: string, policy: HostPolicy): boolean => {
    const known = named.get(policy);
    if (known !== undefined) return known;
    const answer = core.setsOf(href).some((id) => moved.has(id));
    named.set(policy, answer);
    return answer;
  };
  const workloads: string[] = [];
  let managed = 0;
  let unmanaged = 0;
  for (const workload of core.workloads()) {
    const { href } = workload;
    const policy = core.hostPolicy(href);
    if (policy === undefined) {
      const own = workload.interfaces.flatMap((item) => item.addresses);
      if (own.some(({ address }) => addresses.has(address))) unmanaged += 1;
      continue;
    }
    managed += 1;
    if (other.has(href) || namesMoved(href, policy)) workloads.push(href);
  }
  return { workloads, managed, unmanaged };
}
