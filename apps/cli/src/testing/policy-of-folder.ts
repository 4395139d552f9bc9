import type { Folder } from '../folder/read.ts';
import type { Policy } from '../folder/write.ts';
import { nameOf, SECTIONS, type Items, type Section } from '../policy/format.ts';

/** What a folder says, each section by name: in which file and order something stands is not what it says. */
export function policyIn(folder: Folder): Policy {
  const sections = SECTIONS.map((section) => [
    section,
    (folder.sections[section] ?? []).map(({ item }) => item),
  ]);
  return byName(Object.fromEntries(sections) as Policy);
}

export function byName(policy: Policy): Policy {
  const sections = SECTIONS.map((section) => {
    const named = policy[section].map(
      (item: Items[Section]) => [nameOf(section, item), item] as const,
    );
    return [section, named.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)];
  });
  return Object.fromEntries(sections) as Policy;
}
