/** The form of a virtual service, between people and the API. */
import type {
  APPLY_TO,
  ServiceAddressWrite,
  VirtualServiceWire,
  VirtualServiceWrite,
} from '@bulkhead/contract';
import { parseAddress, parseSpan } from '@bulkhead/net';
import { parsePorts, portLine } from '../../format/services.ts';
import { chosenRefs, labelChoice, type LabelChoice } from '../../ui/LabelFields.tsx';

export interface VirtualServiceForm {
  readonly name: string;
  readonly description: string;
  readonly labels: LabelChoice;
  /** A named service, or ports of its own. */
  readonly by: 'service' | 'ports';
  readonly service: string | null;
  readonly ports: string;
  readonly addresses: string;
  readonly ipOverrides: string;
  readonly applyTo: (typeof APPLY_TO)[number];
}
export const NEW_VIRTUAL_SERVICE: VirtualServiceForm = {
  name: '',
  description: '',
  labels: {},
  by: 'service',
  service: null,
  ports: '',
  addresses: '',
  ipOverrides: '',
  applyTo: 'host_only',
};

type AddressWire = VirtualServiceWire['service_addresses'][number];
function addressLine(address: AddressWire): string {
  const host = address.ip ?? address.fqdn ?? '';
  if (address.port === undefined) return host;
  return host.includes(':') ? `[${host}]:${address.port}` : `${host}:${address.port}`;
}

export function toForm(one: VirtualServiceWire): VirtualServiceForm {
  return {
    name: one.name,
    description: one.description ?? '',
    labels: labelChoice(one.labels),
    by: one.service === undefined ? 'ports' : 'service',
    service: one.service?.href ?? null,
    ports: (one.service_ports ?? []).map(portLine).join('\n'),
    addresses: one.service_addresses.map(addressLine).join('\n'),
    ipOverrides: one.ip_overrides.join('\n'),
    applyTo: one.apply_to,
  };
}

export type FormErrors = Partial<Record<keyof VirtualServiceWrite, string>>;
type Read<T> = { readonly value: T } | { readonly error: string };
export type ReadForm =
  | { readonly ok: true; readonly body: VirtualServiceWrite }
  | { readonly ok: false; readonly errors: FormErrors };

const NAME = /^(\*\.)?([a-z0-9_-]{1,63}\.)*[a-z][a-z0-9-]{0,62}$/i;
function linesOf(text: string): string[] {
  return text
    .split(/[\n,]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Reads `10.1.2.3`, `10.1.2.3:8443`, `[2001:db8::1]:443`, `shop.example.com:443`; what the line stood for before keeps what it cannot say. */
function readAddresses(text: string, before: readonly AddressWire[]): Read<ServiceAddressWrite[]> {
  const value: ServiceAddressWrite[] = [];
  for (const line of linesOf(text)) {
    const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(line);
    const plain = /^([^:]+):(\d{1,5})$/.exec(line);
    const [, host = line, port] = bracketed ?? plain ?? [];
    const number = port === undefined ? {} : { port: Number(port) };
    const kept = before.find((one) => addressLine(one) === line);
    if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
      return { error: `"${line}": port ${port} does not exist. Ports are 1 to 65535.` };
    if (parseAddress(host) !== null)
      value.push({
        ip: host,
        ...number,
        ...(kept?.network === undefined ? {} : { network: kept.network }),
      });
    else if (NAME.test(host))
      value.push({
        fqdn: host,
        ...number,
        ...(kept?.description === undefined ? {} : { description: kept.description }),
      });
    else
      return {
        error: `"${line}" is no address and no name. Write 10.1.2.3, 10.1.2.3:8443, [2001:db8::1]:443 or shop.example.com.`,
      };
  }
  return { value };
}

function readOverrides(text: string): Read<string[]> {
  const lines = linesOf(text);
  for (const line of lines) {
    const span = parseSpan(line);
    if (!span.ok) return { error: span.message };
  }
  return { value: lines };
}

type Offer = Pick<VirtualServiceWrite, 'service' | 'service_ports'>;
function readOffer(form: VirtualServiceForm): { value: Offer } | { errors: FormErrors } {
  if (form.by === 'service')
    return form.service === null
      ? { errors: { service: 'Choose a service.' } }
      : { value: { service: { href: form.service }, service_ports: null } };
  const ports = parsePorts(form.ports);
  if (!ports.ok) return { errors: { service_ports: ports.message } };
  if (ports.value.length === 0)
    return { errors: { service_ports: 'Write at least one port, such as tcp/443.' } };
  const service_ports: NonNullable<Offer['service_ports']> = [];
  for (const { proto, ...rest } of ports.value) {
    if (proto !== 6 && proto !== 17)
      return { errors: { service_ports: 'Only TCP and UDP go here. Choose a service instead.' } };
    service_ports.push({ proto, ...rest });
  }
  return { value: { service: null, service_ports } };
}

/** The request of a form, or all that is wrong with it, by the member of the request. */
export function readForm(form: VirtualServiceForm, before: VirtualServiceWire | null): ReadForm {
  const offer = readOffer(form);
  const addresses = readAddresses(form.addresses, before?.service_addresses ?? []);
  const overrides = readOverrides(form.ipOverrides);
  const errors: FormErrors = {
    ...(form.name.trim() === '' ? { name: 'A virtual service needs a name.' } : {}),
    ...('errors' in offer ? offer.errors : {}),
    ...('error' in addresses ? { service_addresses: addresses.error } : {}),
    ...('error' in overrides ? { ip_overrides: overrides.error } : {}),
  };
  if (
    Object.keys(errors).length > 0 ||
    'errors' in offer ||
    'error' in addresses ||
    'error' in overrides
  )
    return { ok: false, errors };
  return {
    ok: true,
    body: {
      name: form.name.trim(),
      description: form.description.trim() === '' ? null : form.description,
      labels: chosenRefs(form.labels),
      apply_to: form.applyTo,
      service_addresses: addresses.value,
      ip_overrides: overrides.value,
      ...offer.value,
    },
  };
}
