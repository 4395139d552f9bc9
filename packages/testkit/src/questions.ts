/** Questions to a policy in one line, answered by the core and by the reference evaluator alike. */
import {
  createPolicyCore,
  naiveDecide,
  PROTOCOLS,
  type Connection,
  type ConnectionEnd,
  type Decision,
  type EndDecision,
  type PolicyModel,
} from '@bulkhead/policy';

/** Who asks whom for what; TCP 443 unless it says otherwise. */
export interface Question extends Partial<
  Pick<Connection, 'protocol' | 'port' | 'icmpType' | 'icmpCode'>
> {
  /** Name of a workload, at the first of its addresses, or an address that no workload stands for. */
  readonly from: string;
  readonly to: string;
  /** What else is known of the ends, or another of their addresses. */
  readonly source?: Partial<ConnectionEnd>;
  readonly destination?: Partial<ConnectionEnd>;
}

function endOf(model: PolicyModel, name: string, changes: Partial<ConnectionEnd>): ConnectionEnd {
  const workload = model.workloads.find((item) => item.name === name);
  const [first] = workload?.interfaces.flatMap((item) => item.addresses) ?? [];
  return {
    workload: workload?.href ?? null,
    address: first?.address ?? name,
    interfaceName: null,
    fqdn: null,
    ...changes,
  };
}

/** The connection that a question is about. */
export function connectionOf(model: PolicyModel, question: Question): Connection {
  const { from, to, source = {}, destination = {}, ...traffic } = question;
  return {
    source: endOf(model, from, source),
    destination: endOf(model, to, destination),
    protocol: PROTOCOLS.tcp,
    port: (traffic.protocol ?? PROTOCOLS.tcp) === PROTOCOLS.tcp ? 443 : null,
    icmpType: null,
    icmpCode: null,
    ...traffic,
  };
}

/** The core's decision. Throws where the reference evaluator says anything else. */
export function ask(model: PolicyModel, question: Question): Decision {
  const connection = connectionOf(model, question);
  const decision = createPolicyCore(model).decide(connection);
  const [core, naive] = [decision, naiveDecide(model, connection)].map(canonical);
  if (core !== naive) throw new Error(`the core says ${core}, the reference evaluator ${naive}`);
  return decision;
}

/** One text for equal decisions, whatever the order of their reasons. */
function canonical({ decision, outbound, inbound }: Decision): string {
  const hrefs = (items: EndDecision['rules']) =>
    items.map(({ href, name, version }) => `${href} ${name} ${version}`).toSorted();
  const end = (one: EndDecision | null) =>
    one && [
      one.workload,
      one.decision,
      one.reason,
      hrefs(one.rules),
      hrefs(one.boundaries),
      one.mode,
      one.interfaceName,
      one.networkProfile,
    ];
  return JSON.stringify([decision, end(outbound), end(inbound)]);
}

/** The word of the decision, and what each end says: `allowed (rule web, -)`; `-` for an end without a say. */
export function verdict(model: PolicyModel, question: Question): string {
  const { decision, outbound, inbound } = ask(model, question);
  return `${decision} (${said(outbound)}, ${said(inbound)})`;
}

function said(end: EndDecision | null): string {
  if (end === null) return '-';
  const names = end.reason === 'rule' ? end.rules : end.reason === 'boundary' ? end.boundaries : [];
  return [end.reason, ...names.map(({ name }) => name).toSorted()].join(' ');
}
