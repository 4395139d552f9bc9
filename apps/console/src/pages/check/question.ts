/** A connection that one asks about, from form to URL and from URL to the API. */
import type { ConnectionQuestion } from '@bulkhead/contract';
import { parseAddress } from '@bulkhead/net';
import type { Search } from '../../format/filters.ts';

export const PORT_PROTOCOLS: readonly number[] = [6, 17, 132];
export const ICMP_PROTOCOLS: readonly number[] = [1, 58];

/** As the form holds it: numbers as they are typed. */
export interface QuestionForm {
  readonly src_workload: string;
  readonly src_ip: string;
  readonly dst_workload: string;
  readonly dst_ip: string;
  readonly protocol: string;
  readonly port: string;
  readonly icmp_type: string;
  readonly fqdn: string;
  readonly process: string;
  readonly windows_service: string;
  /** SIDs by comma. */
  readonly principals: string;
  readonly pversion: string;
}
const KEYS = [
  'src_workload',
  'src_ip',
  'dst_workload',
  'dst_ip',
  'protocol',
  'port',
  'icmp_type',
  'fqdn',
  'process',
  'windows_service',
  'principals',
  'pversion',
] as const satisfies readonly (keyof QuestionForm)[];
const EMPTY: QuestionForm = {
  src_workload: '',
  src_ip: '',
  dst_workload: '',
  dst_ip: '',
  protocol: '6',
  port: '',
  icmp_type: '',
  fqdn: '',
  process: '',
  windows_service: '',
  principals: '',
  pversion: 'active',
};

export function readQuestion(search: Search): QuestionForm {
  return Object.fromEntries(
    KEYS.map((key) => [key, search[key] ?? EMPTY[key]]),
  ) as unknown as QuestionForm; // one entry per key
}

export function questionSearch(form: QuestionForm): Search {
  return Object.fromEntries(KEYS.map((key) => [key, form[key]]));
}

/** The address of the page that asks this. */
export function writeQuestion(
  question: Partial<ConnectionQuestion>,
  pversion: string,
): Record<string, string> {
  const pairs = Object.entries(question).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, Array.isArray(value) ? value.join(',') : String(value)]],
  );
  return { ...Object.fromEntries(pairs), pversion };
}

export type QuestionErrors = Partial<Record<keyof QuestionForm, string>>;
export type Asked =
  | { readonly ok: true; readonly body: ConnectionQuestion }
  | { readonly ok: false; readonly errors: QuestionErrors };

function wholeNumber(text: string, least: number, most: number): number | null {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  return value >= least && value <= most ? value : null;
}

/** The request of a form, or what it lacks, by field. */
export function askOf(form: QuestionForm): Asked {
  const errors: QuestionErrors = {};
  for (const side of ['src', 'dst'] as const) {
    const address = form[`${side}_ip`].trim();
    const name = side === 'src' ? 'source' : 'destination';
    if (form[`${side}_workload`] === '' && address === '')
      errors[`${side}_workload`] = `Choose the ${name}, or type its address.`;
    else if (address !== '' && parseAddress(address) === null)
      errors[`${side}_workload`] = `"${address}" is not an IPv4 or IPv6 address.`;
  }
  const protocol = wholeNumber(form.protocol, 0, 255);
  if (protocol === null) errors.protocol = 'A protocol is a number from 0 to 255.';
  const hasPort = protocol !== null && PORT_PROTOCOLS.includes(protocol);
  const hasType = protocol !== null && ICMP_PROTOCOLS.includes(protocol) && form.icmp_type !== '';
  const port = hasPort ? wholeNumber(form.port, 1, 65_535) : null;
  const type = hasType ? wholeNumber(form.icmp_type, 0, 255) : null;
  if (hasPort && port === null) errors.port = 'A port is a number from 1 to 65535.';
  if (hasType && type === null) errors.icmp_type = 'An ICMP type is a number from 0 to 255.';
  if (protocol === null || Object.keys(errors).length > 0) return { ok: false, errors };
  const texts = {
    src_workload: form.src_workload,
    src_ip: form.src_ip.trim(),
    dst_workload: form.dst_workload,
    dst_ip: form.dst_ip.trim(),
    fqdn: form.fqdn.trim(),
    process: form.process.trim(),
    windows_service: form.windows_service.trim(),
  };
  const principals = form.principals.split(',').filter((sid) => sid !== '');
  return {
    ok: true,
    body: {
      ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== '')),
      protocol,
      ...(port === null ? {} : { port }),
      ...(type === null ? {} : { icmp_type: type }),
      ...(principals.length === 0 ? {} : { principals }),
    },
  };
}
