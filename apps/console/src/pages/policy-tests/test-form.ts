/** The form of a policy test, between people and the API. */
import {
  policyTestContradictions,
  type PolicyTestHostWire,
  type PolicyTestHostWrite,
  type PolicyTestWire,
  type PolicyTestWrite,
} from '@bulkhead/contract';
import { parseAddress } from '@bulkhead/net';
import type { PolicyDecision } from '@bulkhead/policy';

export const HOST_KINDS = ['workload', 'labels', 'address'] as const;
export type HostKind = (typeof HOST_KINDS)[number];
/** A host while it is chosen: what other kinds held is kept until it is saved. */
export interface HostForm {
  readonly kind: HostKind;
  readonly workload: string;
  readonly labels: readonly string[];
  readonly address: string;
}
export interface EndForm {
  /** Empty: whatever that end says. */
  readonly decision: PolicyDecision | 'none' | '';
  readonly by: readonly string[];
}
export interface TestForm {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly from: readonly HostForm[];
  readonly to: readonly HostForm[];
  readonly proto: string;
  /** As typed: `443, 8000-8010`. */
  readonly ports: string;
  readonly icmpType: string;
  readonly icmpCode: string;
  readonly family: 'ipv4' | 'ipv6' | '';
  readonly decision: PolicyDecision;
  readonly by: readonly string[];
  readonly outbound: EndForm;
  readonly inbound: EndForm;
  readonly note: string;
}

export const NEW_HOST: HostForm = { kind: 'labels', workload: '', labels: [], address: '' };
const ANY_END: EndForm = { decision: '', by: [] };
export const NEW_TEST: TestForm = {
  name: '',
  description: '',
  enabled: true,
  from: [NEW_HOST],
  to: [NEW_HOST],
  proto: '6',
  ports: '',
  icmpType: '',
  icmpCode: '',
  family: '',
  decision: 'allowed',
  by: [],
  outbound: ANY_END,
  inbound: ANY_END,
  note: '',
};

function hostToForm(host: PolicyTestHostWire): HostForm {
  if (host.workload !== undefined)
    return { ...NEW_HOST, kind: 'workload', workload: host.workload.href };
  if (host.address !== undefined) return { ...NEW_HOST, kind: 'address', address: host.address };
  return { ...NEW_HOST, labels: (host.labels ?? []).map((label) => label.href) };
}
function endToForm(end: PolicyTestWire['outbound']): EndForm {
  return { decision: end?.decision ?? '', by: end?.by ?? [] };
}
const numberText = (value: number | null): string => (value === null ? '' : String(value));

export function testToForm(test: PolicyTestWire): TestForm {
  return {
    name: test.name,
    description: test.description ?? '',
    enabled: test.enabled,
    from: test.from.map(hostToForm),
    to: test.to.map(hostToForm),
    proto: String(test.proto),
    ports: test.ports.join(', '),
    icmpType: numberText(test.icmp_type),
    icmpCode: numberText(test.icmp_code),
    family: test.family ?? '',
    decision: test.decision,
    by: test.by ?? [],
    outbound: endToForm(test.outbound),
    inbound: endToForm(test.inbound),
    note: test.note ?? '',
  };
}

export type TestErrors = Partial<Record<keyof PolicyTestWrite, string>>;
export type ReadTest =
  | { readonly ok: true; readonly body: PolicyTestWrite }
  | { readonly ok: false; readonly errors: TestErrors };
type Read<T> = { readonly value: T } | { readonly error: string };

const MOST_PORTS = 1000;
/** Ports of `443, 8000-8010`, each once. */
export function readPorts(text: string): Read<number[]> {
  const ports = new Set<number>();
  for (const part of text.split(/[\s,]+/).filter((one) => one !== '')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const first = Number(match?.[1] ?? 0);
    const last = match?.[2] === undefined ? first : Number(match[2]);
    if (first < 1 || last > 65_535 || last < first)
      return { error: `"${part}" is not a port. Write 443, or 8000-8010; ports are 1 to 65535.` };
    if (ports.size + last - first >= MOST_PORTS)
      return { error: `A test has at most ${MOST_PORTS} ports. Some of a range stand for it.` };
    for (let port = first; port <= last; port += 1) ports.add(port);
  }
  return { value: [...ports] };
}

function readByte(text: string, what: string): Read<number | null> {
  if (text.trim() === '') return { value: null };
  const value = /^\d{1,3}$/.test(text.trim()) ? Number(text) : 256;
  return value > 255 ? { error: `An ICMP ${what} is a number from 0 to 255.` } : { value };
}

function readHosts(hosts: readonly HostForm[], role: string): Read<PolicyTestHostWrite[]> {
  const value: PolicyTestHostWrite[] = [];
  for (const host of hosts) {
    const address = host.address.trim();
    if (host.kind === 'workload' && host.workload !== '')
      value.push({ workload: { href: host.workload } });
    else if (host.kind === 'labels' && host.labels.length > 0)
      value.push({ labels: host.labels.map((href) => ({ href })) });
    else if (host.kind === 'address' && parseAddress(address) !== null) value.push({ address });
    else if (host.kind === 'address' && address !== '')
      return { error: `"${address}" is not an IPv4 or IPv6 address.` };
    else return { error: `Choose ${role}: a workload, labels, or an address.` };
  }
  return { value };
}

function readEnd({ decision, by }: EndForm): PolicyTestWrite['outbound'] {
  if (decision === '' && by.length === 0) return null;
  return {
    ...(decision === '' ? {} : { decision }),
    ...(by.length === 0 ? {} : { by: [...by] }),
  };
}

/** The request of a form, or what is wrong with it, by the member of the request. */
export function readTest(form: TestForm): ReadTest {
  const read = {
    from: readHosts(form.from, 'who connects'),
    to: readHosts(form.to, 'who is reached'),
    ports: readPorts(form.ports),
    icmp_type: readByte(form.icmpType, 'type'),
    icmp_code: readByte(form.icmpCode, 'code'),
  };
  const wrong = Object.entries(read).flatMap(([member, one]) =>
    'error' in one ? [[member, one.error] as const] : [],
  );
  const errors: TestErrors = {
    ...(form.name.trim() === '' ? { name: 'A policy test needs a name.' } : {}),
    ...Object.fromEntries(wrong),
  };
  const { from, to, ports, icmp_type: type, icmp_code: code } = read;
  if (
    'error' in from ||
    'error' in to ||
    'error' in ports ||
    'error' in type ||
    'error' in code ||
    Object.keys(errors).length > 0
  )
    return { ok: false, errors };
  const body: PolicyTestWrite = {
    name: form.name.trim(),
    description: form.description.trim() === '' ? null : form.description,
    enabled: form.enabled,
    from: from.value,
    to: to.value,
    proto: Number(form.proto),
    ports: ports.value,
    icmp_type: type.value,
    icmp_code: code.value,
    family: form.family === '' ? null : form.family,
    decision: form.decision,
    by: form.by.length === 0 ? null : [...form.by],
    outbound: readEnd(form.outbound),
    inbound: readEnd(form.inbound),
    note: form.note.trim() === '' ? null : form.note.trim(),
  };
  const contradictions = policyTestContradictions(body);
  if (contradictions.length === 0) return { ok: true, body };
  return {
    ok: false,
    errors: Object.fromEntries(
      contradictions.map(({ member, message }) => [
        member,
        message.charAt(0).toUpperCase() + message.slice(1),
      ]),
    ),
  };
}
