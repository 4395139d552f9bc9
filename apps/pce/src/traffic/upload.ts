/** Flows that something else than a VEN has seen, as lines of text. */
import { randomUUID } from 'node:crypto';
import { formatAddress, parseAddress, unmapAddress } from '@bulkhead/net';
import { DomainError } from '../http/domain-error.ts';
import { NO_WORKLOAD, storedAddress, type FlowRow } from './flow-table.ts';
import type { KnownWorkload } from './workload-directory.ts';

const MAX_LINES = 1000;

export interface Upload {
  readonly rows: readonly FlowRow[];
  /** Lines that were not understood, each with the reason. */
  readonly failed: readonly string[];
}

interface Place {
  readonly orgId: number;
  readonly now: Date;
  find(address: string): KnownWorkload | undefined;
}

export function readUpload(text: string, place: Place): Upload {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length > MAX_LINES)
    throw new DomainError(
      'input_validation_error',
      `the body: ${lines.length} lines; at most ${MAX_LINES} at once`,
    );
  const reporter = randomUUID();
  const rows: FlowRow[] = [];
  const failed: string[] = [];
  for (const [line, content] of lines.entries()) {
    const row = rowOf(content, { ...place, reporter, line });
    if (typeof row === 'string') failed.push(`${content}: ${row}`);
    else rows.push(row);
  }
  return { rows, failed };
}

/** The row, or why there is none. */
function rowOf(
  content: string,
  place: Place & { readonly reporter: string; readonly line: number },
): FlowRow | string {
  const cells = content.split(',').map((cell) => cell.trim());
  if (cells.length !== 4) return 'must be src,dst,port,proto';
  const [src = '', dst = '', port = '', proto = ''] = cells;
  const source = addressOf(src);
  const destination = addressOf(dst);
  if (source === undefined) return `${src} is not an IP address`;
  if (destination === undefined) return `${dst} is not an IP address`;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return `port ${port} must be 0 to 65535`;
  if (!/^\d{1,3}$/.test(proto) || Number(proto) > 255) return `proto ${proto} must be 0 to 255`;
  const seen = place.now.toISOString();
  const from = place.find(source);
  const to = place.find(destination);
  return {
    org_id: place.orgId,
    reporter: place.reporter,
    report: 0,
    line: place.line,
    reporter_type: 'flowlink',
    first_seen: seen,
    last_seen: seen,
    src_ip: storedAddress(source),
    dst_ip: storedAddress(destination),
    protocol: Number(proto),
    dst_port: Number(port),
    icmp_type: -1,
    icmp_code: -1,
    direction: 'inbound',
    decision: 'unknown',
    reason: 'default',
    rules: [],
    interface: '',
    network: 'corporate',
    state: 'unknown',
    connections: 1,
    bytes_in: 0,
    bytes_out: 0,
    process_name: '',
    user_name: '',
    src_workload: from?.id ?? NO_WORKLOAD,
    dst_workload: to?.id ?? NO_WORKLOAD,
    src_labels: from?.labels ?? [],
    dst_labels: to?.labels ?? [],
  };
}

function addressOf(text: string): string | undefined {
  const parsed = parseAddress(text);
  return parsed === null ? undefined : formatAddress(unmapAddress(parsed));
}
