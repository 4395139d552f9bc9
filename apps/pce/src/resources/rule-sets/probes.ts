/** Connections that stand for a service: a rule that allows all of an entry's allows the whole entry. */
import type { AllowQuery } from '@bulkhead/contract';
import { DomainError } from '../../http/domain-error.ts';
import type { StoredService } from '../../provisioning/stored-content.ts';

export interface Probe {
  readonly protocol: number;
  readonly port?: number;
  readonly icmp_type?: number;
  readonly icmp_code?: number;
  readonly process?: string;
  readonly windows_service?: string;
}

const WITH_PORTS: readonly number[] = [6, 17, 132];
/** For entries without a protocol: those that services are usually of. */
const COMMON: readonly number[] = [6, 17, 1];

/** One list for each entry. */
export function probesOf(query: AllowQuery, service: StoredService | undefined): Probe[][] {
  const { protocol, port } = query;
  if (service === undefined) {
    if (protocol === undefined)
      throw new DomainError(
        'input_validation_error',
        'query parameter protocol: give protocol and port, or service',
      );
    return [[{ protocol, ...(port === undefined ? {} : { port }) }]];
  }
  if (protocol !== undefined || port !== undefined)
    throw new DomainError(
      'input_validation_error',
      'query parameter service: stands beside protocol or port; give one of them',
    );
  return [
    ...service.service_ports.map((entry) => probesOfEntry(entry, {})),
    ...(service.windows_services ?? []).map((entry) =>
      probesOfEntry(
        { ...entry, proto: entry.proto ?? -1 },
        {
          ...(entry.process_name === undefined ? {} : { process: entry.process_name }),
          ...(entry.service_name === undefined ? {} : { windows_service: entry.service_name }),
        },
      ),
    ),
  ];
}

type Entry = StoredService['service_ports'][number];

function probesOfEntry(entry: Entry, program: Pick<Probe, 'process' | 'windows_service'>): Probe[] {
  const protocols = entry.proto === -1 ? COMMON : [entry.proto];
  return protocols.flatMap((protocol): Probe[] => {
    if (WITH_PORTS.includes(protocol))
      return endsOf(entry).map((port) => ({ protocol, port, ...program }));
    const { icmp_type: type, icmp_code: code } = entry;
    return [
      {
        protocol,
        ...(type == null ? {} : { icmp_type: type }),
        ...(code == null ? {} : { icmp_code: code }),
        ...program,
      },
    ];
  });
}

/** First and last port. */
function endsOf({ port, to_port: toPort }: Entry): number[] {
  const first = port ?? 0;
  if (first <= 0) return [1, 65535];
  return [...new Set([first, Math.max(first, toPort ?? 0)])];
}
