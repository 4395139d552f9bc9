/** The VEN's state on disk, below its data folder. Every file is 0600 and replaced whole. */
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { networkProfileCacheSchema, type NetworkProfileCache } from './network-profile.ts';
import { identitySchema, type Identity } from './identity.ts';
import type { PolicyContent } from '@bulkhead/contract';
import { z } from 'zod';
import { organizationSchema, type Organization } from './organization.ts';
import { readText, remove, writeFileAtomically } from './files.ts';
import { parsePolicyFile, renderPolicyFile } from './policy-file.ts';
import { parseSettings, renderSettings, type Settings } from './settings.ts';
import { NEVER_SUSPENDED, suspensionSchema, type SuspensionStore } from './suspension.ts';

class StoreError extends Error {
  override readonly name = 'StoreError';
}

const addressesSchema = z.array(z.string());
const sequenceSchema = z.object({ next: z.number().int() });

export interface Store extends SuspensionStore {
  readonly folder: string;
  readonly logFile: string;
  readonly socketFile: string;
  readonly pidFile: string;
  /** Flow reports that wait for the PCE. */
  readonly flowFolder: string;
  readIdentity(): Promise<Identity | null>;
  readSettings(): Promise<Settings | null>;
  /** PEM of the CA that the PCE's certificate must come from; null: the system's own trust. */
  readCa(): Promise<string | null>;
  /** Identity last, so that a VEN is activated wholly or not at all. */
  writeActivation(identity: Identity, settings: Settings, ca: string | null): Promise<void>;
  /** Rejects with PolicyFileError when the file is damaged. */
  readPolicy(): Promise<PolicyContent | null>;
  writePolicy(policy: PolicyContent): Promise<void>;
  /** What the organization asks of this VEN. */
  readOrganization(): Promise<Organization>;
  writeOrganization(organization: Organization): Promise<void>;
  writeIdentity(identity: Identity): Promise<void>;
  readProfiles(): Promise<NetworkProfileCache>;
  writeProfiles(cache: NetworkProfileCache): Promise<void>;
  readPceAddresses(): Promise<readonly string[]>;
  writePceAddresses(addresses: readonly string[]): Promise<void>;
  readFlowSequence(): Promise<number>;
  writeFlowSequence(next: number): Promise<void>;
  /** Deletes the folder and all that is in it. */
  destroy(): Promise<void>;
}

export function openStore(folder: string): Store {
  const at = (...parts: readonly string[]): string => join(folder, ...parts);
  const files = {
    identity: at('state', 'identity.json'),
    policy: at('state', 'policy.json'),
    suspension: at('state', 'suspension.json'),
    organization: at('state', 'organization.json'),
    profiles: at('state', 'network_profiles.json'),
    addresses: at('state', 'pce_addresses.json'),
    sequence: at('state', 'flow_sequence.json'),
    settings: at('config', 'runtime_env.yml'),
    ca: at('config', 'ca.pem'),
  };

  async function readJson<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
  ): Promise<z.output<Schema> | null> {
    const text = await readText(path);
    if (text === null) return null;
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw new StoreError(`${path} cannot be read: it is not what the VEN wrote`, {
        cause: error,
      });
    }
  }
  /** State that can be learned again: a damaged file is as good as none. */
  async function readCache<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
  ): Promise<z.output<Schema> | null> {
    try {
      return await readJson(path, schema);
    } catch (error) {
      if (error instanceof StoreError) return null;
      throw error;
    }
  }
  const writeJson = (path: string, value: unknown): Promise<void> =>
    writeFileAtomically(path, JSON.stringify(value));

  return {
    folder,
    logFile: at('log', 'ven.log'),
    socketFile: at('run', 'control.sock'),
    pidFile: at('run', 'ven.pid'),
    flowFolder: at('flows'),
    readIdentity: () => readJson(files.identity, identitySchema),
    async readSettings() {
      const text = await readText(files.settings);
      return text === null ? null : parseSettings(text);
    },
    readCa: () => readText(files.ca),
    async writeActivation(identity, settings, ca) {
      await fs.mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFileAtomically(files.settings, renderSettings(settings));
      if (ca === null) await remove(files.ca);
      else await writeFileAtomically(files.ca, ca);
      await writeJson(files.identity, identity);
    },
    async readPolicy() {
      const text = await readText(files.policy);
      return text === null ? null : parsePolicyFile(text);
    },
    writePolicy: (policy) => writeFileAtomically(files.policy, renderPolicyFile(policy)),
    readSuspension: async () =>
      (await readCache(files.suspension, suspensionSchema)) ?? NEVER_SUSPENDED,
    writeSuspension: (suspension) => writeJson(files.suspension, suspension),
    readOrganization: async () =>
      (await readCache(files.organization, organizationSchema)) ?? organizationSchema.parse({}),
    writeOrganization: (organization) => writeJson(files.organization, organization),
    writeIdentity: (identity) => writeJson(files.identity, identity),
    readProfiles: async () => (await readCache(files.profiles, networkProfileCacheSchema)) ?? {},
    writeProfiles: (cache) => writeJson(files.profiles, cache),
    readPceAddresses: async () => (await readCache(files.addresses, addressesSchema)) ?? [],
    writePceAddresses: (addresses) => writeJson(files.addresses, addresses),
    readFlowSequence: async () => (await readCache(files.sequence, sequenceSchema))?.next ?? 0,
    writeFlowSequence: (next) => writeJson(files.sequence, { next }),
    destroy: () => remove(folder),
  };
}
