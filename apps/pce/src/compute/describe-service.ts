/** Services and rules of a host policy in words. */
import { ANY_PROTOCOL, PROTOCOLS, type ServicePort } from '@bulkhead/policy';

export function describeService(service: ServicePort): string {
  const { protocol, port, toPort, icmpType, icmpCode } = service;
  if (protocol === ANY_PROTOCOL) return 'All Services';
  const name =
    Object.entries(PROTOCOLS)
      .find(([, number]) => number === protocol)?.[0]
      .toUpperCase() ?? `protocol ${protocol}`;
  if (icmpType !== null)
    return `${name} type ${icmpType}${icmpCode === null ? '' : ` code ${icmpCode}`}`;
  if (port === null) return name;
  return `${port}${toPort === null ? '' : `-${toPort}`} ${name}`;
}
