/** The pairing script and the VEN package, for hosts that have neither token nor login yet. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FastifyReply } from 'fastify';
import type { Deps } from '../deps.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { ContextOf } from '../http/routes.ts';
import { errorCode } from '../operational-error.ts';
import { renderPairScript } from './pair-script.ts';

interface VenPackage {
  readonly file: string;
  readonly bytes: number;
  readonly changedMs: number;
  readonly sha256: string;
}

export class VenSoftware {
  readonly #deps: Deps;
  readonly #file: string;
  #known: Promise<VenPackage> | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#file =
      deps.config.venPackage ?? join(deps.config.data, 'software', 'ven-linux-x64.tar.gz');
  }

  async answer(context: ContextOf<'software.image'>, reply: FastifyReply): Promise<unknown> {
    const { query } = context;
    if (query.pair_script !== undefined) return this.#script(query.profile_id, reply);
    if ((query.os ?? 'linux') !== 'linux' || (query.arch ?? 'x64') !== 'x64')
      throw notFound(
        `A VEN for ${query.os ?? 'linux'} on ${query.arch ?? 'x64'}; this PCE has one for linux on x64. It`,
      );
    const found = await this.#package();
    return reply
      .header('content-type', 'application/gzip')
      .header('content-length', found.bytes)
      .header('x-content-sha256', found.sha256)
      .send(createReadStream(found.file));
  }

  async #script(profileId: string | undefined, reply: FastifyReply): Promise<unknown> {
    if (profileId === undefined)
      throw new DomainError(
        'input_validation_error',
        'query parameter profile_id: name the pairing profile that the host is paired with',
      );
    const { db, config, address, identity } = this.#deps;
    const profile = await db
      .selectFrom('pairing_profiles')
      .select(['id', 'ven_type'])
      .where('id', '=', Number(profileId))
      .executeTakeFirst();
    if (profile === undefined) throw notFound(`The pairing profile ${profileId}`);
    const { sha256 } = await this.#package();
    const script = renderPairScript({
      pceFqdn: config.fqdn,
      port: address.port,
      caFingerprint: identity.caFingerprint,
      caPem: identity.ca,
      profileId: profile.id,
      packageSha256: sha256,
      venType: profile.ven_type,
    });
    return reply.header('content-type', 'text/x-shellscript; charset=utf-8').send(script);
  }

  /** Read anew when the file was replaced. */
  async #package(): Promise<VenPackage> {
    const known = await this.#known?.catch(() => undefined);
    const facts = await stat(this.#file).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (facts === undefined || !facts.isFile())
      throw new DomainError(
        'service_unavailable',
        'This PCE has no VEN package yet; its administrator puts ven-linux-x64.tar.gz into the folder software of its data, or names one with --ven-package',
        { retryAfter: 60 },
      );
    if (known !== undefined && known.bytes === facts.size && known.changedMs === facts.mtimeMs)
      return known;
    this.#known = digest(this.#file).then((sha256) => ({
      file: this.#file,
      bytes: facts.size,
      changedMs: facts.mtimeMs,
      sha256,
    }));
    return this.#known;
  }
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
