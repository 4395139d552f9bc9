/** Activation: a code becomes an identity. The VEN is activated wholly or not at all. */
import { VEN_PROTOCOL, type ActivateRequest } from '@bulkhead/contract';
import type { Platform } from '../platform/port.ts';
import { ClockError, clockDifference, withClock } from './clock.ts';
import { readText } from './files.ts';
import { reportFacts } from './host-facts.ts';
import type { Identity } from './identity.ts';
import { createInterfaceWatcher } from './interface-watcher.ts';
import { createLog, messageOf } from './log.ts';
import { createPceClient, PceError, type PceAddress, type PceClient } from './pce-client.ts';
import { parseServer, type Settings } from './settings.ts';
import type { Store } from './store.ts';
import { fetchPinnedCertificate, parseFingerprint, pinCertificate } from './trust.ts';

const CONNECT_TIMEOUT_MS = 10_000;

class ActivationError extends Error {
  override readonly name = 'ActivationError';
}

export interface ActivationRequest {
  readonly managementServer: string;
  readonly activationCode: string;
  readonly endpoint: boolean;
  readonly caFingerprint: string | null;
  /** PEM file of the CA; with a fingerprint it must have that one. */
  readonly caFile: string | null;
  readonly name: string | null;
  /** Key to value. */
  readonly labels: Readonly<Record<string, string>>;
  readonly enforcementMode: ActivateRequest['enforcement_mode'] | null;
  readonly flowReportSeconds: number;
  readonly reconnectSeconds: number;
}

/** Answers the new identity, which is on disk then. Rejects with the reason when anything is refused. */
export async function activate(
  request: ActivationRequest,
  platform: Platform,
  store: Store,
  now: () => Date = () => new Date(),
): Promise<Identity> {
  if ((await store.readIdentity()) !== null) {
    throw new ActivationError(
      'this VEN is activated already; "illumio-ven-ctl unpair saved" takes it out first',
    );
  }
  await requireHost(platform);
  const { host, port } = parseServer(request.managementServer);
  const { ca, fingerprint } = await findCa(request, host, port);
  const client = createPceClient({ host, port, ca }, null);
  await requireClock(client, { host, port }, now());
  const links = createInterfaceWatcher({
    endpoint: request.endpoint,
    read: () => platform.interfaces(),
    // who this host is, is not known to the PCE yet: the daemon detects right after activation
    detect: () => Promise.reject(new ActivationError('not activated')),
    cache: {},
    persistCache: () => Promise.resolve(),
    changed: () => Promise.resolve(),
    settled: () => Promise.resolve(),
    log: createLog(
      () => undefined,
      () => new Date(),
    ),
    nowMs: () => Date.now(),
  });
  await links.read();
  const response = await client.activate({
    protocol: VEN_PROTOCOL,
    activation_code: request.activationCode,
    ven_type: request.endpoint ? 'endpoint' : 'server',
    facts: reportFacts(platform),
    interfaces: links.reported(),
    ...(request.name === null ? {} : { name: request.name }),
    ...(Object.keys(request.labels).length === 0 ? {} : { labels: request.labels }),
    ...(request.enforcementMode == null ? {} : { enforcement_mode: request.enforcementMode }),
  });
  const identity: Identity = {
    org_id: response.org_id,
    ven_uuid: response.ven_uuid,
    token: response.token,
    policy_public_key: response.policy_public_key,
    pce_fqdn: response.pce_fqdn,
    heartbeat_seconds: response.heartbeat_seconds,
    activated_at: now().toISOString(),
    machine_id: platform.describe().machineId,
    ca_fingerprint: fingerprint,
  };
  const settings: Settings = {
    managementServer: host,
    port,
    endpoint: request.endpoint,
    flowReportSeconds: request.flowReportSeconds,
    reconnectSeconds: request.reconnectSeconds,
  };
  await store.writeActivation(identity, settings, ca);
  return identity;
}

/** A code is not spent on a host that cannot enforce. */
async function requireHost(platform: Platform): Promise<void> {
  const reasons = (await platform.checkEnvironment())
    .filter(({ status }) => status === 'red')
    .map(({ name, detail }) => `${name}: ${detail}`);
  if (reasons.length > 0) {
    throw new ActivationError(
      `the VEN cannot work on this host ("illumio-ven-ctl check-env" says more): ${reasons.join('; ')}`,
    );
  }
}

/** Of a certificate that comes from nobody this host believes. */
const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);

function unreachable(error: unknown, { host, port }: Pick<PceAddress, 'host' | 'port'>): unknown {
  if (!(error instanceof Error) || error instanceof ClockError) return error;
  const code: unknown = 'code' in error ? error.code : null;
  const why =
    typeof code === 'string' && UNTRUSTED.has(code)
      ? `its certificate is not trusted here (${error.message}); give --ca-fingerprint or --ca-file as the pairing line of the console does`
      : `${messageOf(error)}; "illumio-ven-ctl connectivity-test -m ${host}:${port}" shows how far it is`;
  return new ActivationError(`${host}:${port} cannot be used as PCE: ${why}`, { cause: error });
}

/** A code is not spent on a host whose clock would make nonsense of all that it reports (FR-50). */
async function requireClock(
  client: PceClient,
  pce: { readonly host: string; readonly port: number },
  here: Date,
): Promise<void> {
  let time: Date | null;
  try {
    time = await client.time();
  } catch (error) {
    if (error instanceof PceError) return;
    throw unreachable(await withClock(error, pce, here), pce);
  }
  const difference = time === null ? null : clockDifference(here, time);
  if (difference !== null) throw new ActivationError(difference);
}

async function findCa(
  request: ActivationRequest,
  host: string,
  port: number,
): Promise<{ readonly ca: string | null; readonly fingerprint: string | null }> {
  const fingerprint =
    request.caFingerprint === null ? null : parseFingerprint(request.caFingerprint);
  if (request.caFile !== null) {
    const pem = await readText(request.caFile);
    if (pem === null) throw new ActivationError(`there is no CA file ${request.caFile}`);
    return { ca: fingerprint === null ? pem : pinCertificate(pem, fingerprint), fingerprint };
  }
  if (fingerprint === null) return { ca: null, fingerprint };
  return {
    ca: await fetchPinnedCertificate(host, port, fingerprint, CONNECT_TIMEOUT_MS),
    fingerprint,
  };
}
