/** Flows as CSV (RFC 4180), one line per flow, a column for every dimension of labels. */
import type { FlowWire } from '@bulkhead/contract';

export interface Dimension {
  readonly key: string;
  readonly name: string;
}

type Column = readonly [title: string, value: (flow: FlowWire) => string | number | undefined];

function endColumns(
  title: 'Source' | 'Destination',
  dimensions: readonly Dimension[],
  end: (flow: FlowWire) => FlowWire['src'],
): Column[] {
  return [
    [`${title} IP`, (flow) => end(flow).ip],
    [`${title} Name`, (flow) => end(flow).workload?.name ?? undefined],
    [`${title} Hostname`, (flow) => end(flow).workload?.hostname ?? undefined],
    ...dimensions.map(({ key, name }): Column => [
      `${title} ${name}`,
      (flow) => end(flow).workload?.labels.find((label) => label.key === key)?.value,
    ]),
    [
      `${title} IP Lists`,
      (flow) =>
        end(flow)
          .ip_lists.map((list) => list.name)
          .join('; '),
    ],
    [`${title} Href`, (flow) => end(flow).workload?.href],
  ];
}

function rulesOf(flow: FlowWire): string {
  return flow.rules
    .map((rule) => ('href' in rule ? (rule.name ?? rule.href) : rule.essential_service_rule))
    .join('; ');
}

function columns(dimensions: readonly Dimension[], withDraft: boolean): Column[] {
  const draft: Column[] = [
    ['Draft Policy Decision', (flow) => flow.draft_policy_decision],
    ['Draft Rules', (flow) => (flow.draft_policy_decision === undefined ? '' : rulesOf(flow))],
  ];
  return [
    ...endColumns('Source', dimensions, (flow) => flow.src),
    ...endColumns('Destination', dimensions, (flow) => flow.dst),
    ['Port', (flow) => flow.service.port],
    ['Protocol', (flow) => flow.service.proto],
    ['Process', (flow) => flow.service.process_name],
    ['User', (flow) => flow.service.user_name],
    ['Reported Policy Decision', (flow) => flow.policy_decision],
    ...(withDraft ? draft : []),
    ['Rules', rulesOf],
    [
      'Enforcement Boundaries',
      (flow) => flow.enforcement_boundaries.map((item) => item.name ?? item.href).join('; '),
    ],
    ['Reported By', (flow) => (flow.flow_direction === 'inbound' ? 'Destination' : 'Source')],
    ['Network', (flow) => flow.network.name],
    ['Num Flows', (flow) => flow.num_connections],
    ['Bytes In', (flow) => flow.dst_bi],
    ['Bytes Out', (flow) => flow.dst_bo],
    ['State', (flow) => flow.state],
    ['First Detected', (flow) => flow.timestamp_range.first_detected],
    ['Last Detected', (flow) => flow.timestamp_range.last_detected],
  ];
}

export class CsvForm {
  readonly #columns: readonly Column[];

  constructor(dimensions: readonly Dimension[], options: { readonly withDraft: boolean }) {
    this.#columns = columns(dimensions, options.withDraft);
  }

  header(): string {
    return `${this.#columns.map(([title]) => cell(title)).join(',')}\r\n`;
  }

  line(flow: FlowWire): string {
    return `${this.#columns.map(([, value]) => cell(value(flow))).join(',')}\r\n`;
  }
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  // Names come from hosts: a spreadsheet must not take one for a formula.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
