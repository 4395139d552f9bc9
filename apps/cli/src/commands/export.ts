import { mkdir } from 'node:fs/promises';
import { readFolder } from '../folder/read.ts';
import { writeFolder, type Policy } from '../folder/write.ts';
import { SECTIONS, type Section } from '../policy/format.ts';
import { loadOrganization, workloadsOf, type Organization } from '../policy/organization.ts';
import type { CommandContext } from './context.ts';

/** Writes the draft into a folder. Files there that say something wrong are left as they are, and nothing is written. */
export async function exportCommand(
  { client, say, answer }: CommandContext,
  path: string,
): Promise<number> {
  await mkdir(path, { recursive: true });
  const folder = await readFolder(path);
  const organization = await loadOrganization(client, workloadsOf(client));
  const { written, removed } = await writeFolder(path, folder, policyOf(organization));
  for (const file of written) say(`wrote ${file}`);
  for (const file of removed) say(`removed ${file}`);
  if (written.length + removed.length === 0) say('The folder says what the draft is.');
  answer({ state: 'done', written, removed });
  return 0;
}

/** What is kept in files: all but what comes with the product or is deleted in draft, by name. */
export function policyOf(organization: Organization): Policy {
  const items = (section: Section) =>
    [...organization[section].values()]
      .filter((known) => !known.fixed && !known.deleted)
      .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
      .map(({ item }) => item);
  // each list comes from the map of its own section
  return Object.fromEntries(
    SECTIONS.map((section) => [section, items(section)]),
  ) as unknown as Policy;
}
