/** Which connections a service stands for, seen from either end. */
import type { Connection } from '../decision.ts';
import type { PolicyModel, Rule, ServicePort, Workload } from '../model.ts';
import type { Side, Statement } from './resolve.ts';

function portsOf(model: PolicyModel, items: Rule['ingressServices']): ServicePort[] {
  return items.flatMap((item) =>
    'port' in item
      ? [item.port]
      : (model.services.find((service) => service.href === item.href)?.ports ?? []),
  );
}

function namesProgram(port: ServicePort): boolean {
  return port.process !== undefined || port.windowsService !== undefined;
}

/** What counts of a list on the provider itself: entries of a program only where the host can tell. */
function onProvider(ports: readonly ServicePort[], own: Workload): ServicePort[] {
  return ports.filter((port) => own.osFamily === 'windows' || !namesProgram(port));
}

/** A consumer cannot tell which program answers: it is held to protocol and port. */
function onConsumer(ports: readonly ServicePort[]): ServicePort[] {
  return ports.map((port) => ({ ...port, process: undefined, windowsService: undefined }));
}

/** Service ports of a rule or boundary that count on a host as provider (`inbound`) or consumer (`outbound`). */
export function rulePorts(
  model: PolicyModel,
  statement: Statement,
  at: { readonly own: Workload; readonly direction: 'inbound' | 'outbound' },
): readonly ServicePort[] {
  const ports = portsOf(model, statement.item.ingressServices);
  if (at.direction === 'inbound') return onProvider(ports, at.own);
  // who blocks a program does not block all others on its port
  return statement.kind === 'boundary'
    ? ports.filter((port) => !namesProgram(port))
    : onConsumer(ports);
}

/** The same of a virtual service. */
export function virtualPorts(
  model: PolicyModel,
  item: Side['virtual'][number],
  at: { readonly own: Workload; readonly direction: 'inbound' | 'outbound' },
): readonly ServicePort[] {
  const ports = 'ports' in item.service ? item.service.ports : portsOf(model, [item.service]);
  return at.direction === 'inbound' ? onProvider(ports, at.own) : onConsumer(ports);
}

/** Whether any of the entries is about the connection; where its port is not known, whether they are about every port. */
export function portsMatch(ports: readonly ServicePort[], connection: Connection): boolean {
  if (ports.some((port) => portMatches(port, connection))) return true;
  if (connection.port !== null || !HAVE_PORTS.includes(connection.protocol)) return false;
  // the lowest port that no entry is about is the first or comes right after an entry
  const candidates = [1, ...ports.map(({ port, toPort }) => (toPort ?? port ?? 0) + 1)];
  return candidates
    .filter((port) => port <= 65_535)
    .every((port) => ports.some((entry) => portMatches(entry, { ...connection, port })));
}

const HAVE_PORTS = [6, 17, 132];

function portMatches(port: ServicePort, connection: Connection): boolean {
  const { process, windowsService } = connection.destination;
  const service = port.windowsService?.toLowerCase();
  if (service !== undefined && service !== windowsService?.toLowerCase()) return false;
  if (port.process !== undefined && port.process.toLowerCase() !== process?.toLowerCase())
    return false;
  if (port.protocol === -1) return true;
  if (port.protocol !== connection.protocol) return false;
  if (port.port !== null) {
    const asked = connection.port ?? -1;
    return asked >= port.port && asked <= (port.toPort ?? port.port);
  }
  if (port.icmpType !== null && port.icmpType !== connection.icmpType) return false;
  return port.icmpCode === null || port.icmpCode === connection.icmpCode;
}
