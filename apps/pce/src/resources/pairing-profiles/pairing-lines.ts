/** Lines to run on a host, which fetch the pairing script and start it. */
import { createHash, X509Certificate } from 'node:crypto';
import type { Deps } from '../../deps.ts';

const FOLDER = '/opt/illumio_ven_data/tmp';
const SCRIPT = `${FOLDER}/pair.sh`;

/**
 * Pin of the server's own key, as curl takes it. The line is what brings trust to a host that knows nothing yet: curl checks no chain
 * and accepts this key alone, and the script that it fetches then carries the CA.
 */
export function publicKeyPin(certificatePem: string): string {
  const key = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256//${createHash('sha256').update(key).digest('base64')}`;
}

export interface PairingLine {
  readonly os: 'linux';
  readonly ven_type: 'server' | 'endpoint';
  readonly script: string;
}

/** One line per kind of VEN that the profile takes. */
export function pairingLines(
  deps: Pick<Deps, 'config' | 'address' | 'identity'>,
  pairing: {
    readonly profileId: number;
    readonly venType: 'server' | 'endpoint' | 'specified_during_activation';
    readonly code: string;
  },
): PairingLine[] {
  const server = `${deps.config.fqdn}:${deps.address.port}`;
  const url = `https://${server}/api/v18/software/ven/image?pair_script=pair.sh&profile_id=${pairing.profileId}`;
  const fetch = [
    `rm -fr ${FOLDER}`,
    'umask 026',
    `mkdir -p ${FOLDER}`,
    `curl --proto '=https' --tlsv1.2 --insecure --pinnedpubkey '${publicKeyPin(deps.identity.certificate)}' --silent --show-error --fail --output ${SCRIPT} '${url}'`,
    `chmod 700 ${SCRIPT}`,
  ];
  const run = `${SCRIPT} -management-server ${server} -activation-code ${pairing.code}`;
  const types =
    pairing.venType === 'specified_during_activation'
      ? (['server', 'endpoint'] as const)
      : [pairing.venType];
  return types.map((venType) => ({
    os: 'linux',
    ven_type: venType,
    script: [...fetch, venType === 'endpoint' ? `${run} -endpoint true` : run].join(' && '),
  }));
}
