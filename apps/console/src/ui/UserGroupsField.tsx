/** User groups that the consumers of a rule are narrowed to. */
import { MultiSelect } from '@mantine/core';
import { useUserGroups } from '../api/lookups.ts';

export interface UserGroup {
  readonly href: string;
  readonly name: string;
}

export function UserGroupsField({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: readonly UserGroup[];
  readonly onChange: (groups: readonly UserGroup[]) => void;
}) {
  const groups = useUserGroups();
  const known = new Map(
    [...value, ...groups].map(({ href, name }): [string, UserGroup] => [href, { href, name }]),
  );
  return (
    <MultiSelect
      aria-label={label}
      placeholder={value.length === 0 ? 'All users' : ''}
      searchable
      nothingFoundMessage="No user group is named like that. Make it known under User Groups."
      // above, so that it does not lie over what saves
      comboboxProps={{ withinPortal: false, position: 'top' }}
      data={[...known.values()].map(({ href, name }) => ({ value: href, label: name }))}
      value={value.map((one) => one.href)}
      onChange={(hrefs) => onChange(hrefs.flatMap((href) => known.get(href) ?? []))}
    />
  );
}
