/** What the commands over folders share. */
import { stat } from 'node:fs/promises';
import type { ApiClient } from '@bulkhead/contract';
import { readFolder, yamlFiles, type Folder } from '../folder/read.ts';
import { planOf, References, type Change } from '../policy/plan.ts';
import { loadOrganization, workloadsOf } from '../policy/organization.ts';
import { UsageError } from '../errors.ts';

/** Reads a folder that must hold policy. */
export async function policyFolder(folder: string): Promise<Folder> {
  await mustBeFolder(folder);
  if ((await yamlFiles(folder)).length === 0)
    throw new UsageError(`${folder} holds no YAML file; bulkhead export ${folder} writes some`);
  return readFolder(folder);
}

export async function mustBeFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new UsageError(`${folder} is no folder`);
}

export interface Planned {
  readonly changes: readonly Change[];
  readonly references: References;
}

/** What has to be written, with every reference checked. */
export async function planned(client: ApiClient, folder: Folder): Promise<Planned> {
  const workloads = workloadsOf(client);
  const organization = await loadOrganization(client, workloads);
  const references = new References(client, organization, workloads);
  await references.check(folder);
  return { changes: planOf(folder, organization), references };
}

/** A change as programs read it. */
export function changeJson({ action, section, name, known, members }: Change): object {
  return { action, section, name, href: known?.href ?? null, members };
}
