/** The side navigation: only pages that exist. */
import type { ReactNode } from 'react';
import { Link, useLocation } from '@tanstack/react-router';
import { Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import {
  IconActivity,
  IconAdjustmentsHorizontal,
  IconArrowsRightLeft,
  IconBox,
  IconChecklist,
  IconStethoscope,
  IconFileText,
  IconLink,
  IconListSearch,
  IconSeparatorVertical,
  IconServer,
  IconSitemap,
  IconUsersGroup,
  IconShield,
  IconUpload,
  IconWorld,
  IconTags,
  IconFolders,
  IconFileCode,
} from '@tabler/icons-react';
import { useApi } from '../api/hooks.ts';
import { formatDateTime } from '../format/dates.ts';
import { useFindingsCount } from '../pages/diagnostics/findings.ts';
import { useDraft } from '../pages/provision/pending.ts';

interface Item {
  readonly to: string;
  readonly name: string;
  readonly icon: ReactNode;
  /** The folder of its pages; `to` unless said. */
  readonly below?: string;
  readonly count?: number | undefined;
  readonly draft?: boolean;
  /** What the count is of, where the name does not say so. */
  readonly countTitle?: string | undefined;
}
const icon = { size: 16, stroke: 1.5, 'aria-hidden': true } as const;

function NavLink({
  item,
  onFollow,
}: {
  readonly item: Item;
  readonly onFollow?: (() => void) | undefined;
}) {
  const path = useLocation({ select: (location) => location.pathname });
  const wide = useMediaQuery('(min-width: 1101px)', true);
  const below = item.below ?? item.to;
  const current = path === item.to || path.startsWith(`${below}/`);
  return (
    <li>
      <Tooltip label={item.name} position="right" openDelay={400} disabled={wide}>
        <Link
          to={item.to}
          aria-label={item.name}
          {...(current ? { 'aria-current': 'page' as const } : {})}
          onClick={onFollow}
        >
          {item.icon}
          <span>{item.name}</span>
          {item.count === undefined || (item.draft === true && item.count === 0) ? null : (
            <span
              className={item.draft === true ? 'cnt draft' : 'cnt'}
              title={item.draft === true ? `${item.count} draft changes` : item.countTitle}
            >
              {item.count.toLocaleString('en-US')}
            </span>
          )}
        </Link>
      </Tooltip>
    </li>
  );
}

function Group({
  name,
  icon: mark,
  items,
  onFollow,
}: {
  readonly name: string;
  readonly icon: ReactNode;
  readonly items: readonly Item[];
  readonly onFollow?: (() => void) | undefined;
}) {
  return (
    <li>
      <span className="sub">
        {mark}
        <span>{name}</span>
      </span>
      <ul className="kids" aria-label={name}>
        {items.map((item) => (
          <NavLink key={item.to} item={item} onFollow={onFollow} />
        ))}
      </ul>
    </li>
  );
}

export function SideNav({ onFollow }: { readonly onFollow?: (() => void) | undefined }) {
  const count = { query: { max_results: 0 } };
  const workloads = useApi('workloads.list', count).data?.total;
  const vens = useApi('vens.list', count).data?.total;
  const draft = useDraft();
  const findings = useFindingsCount();
  const ruleSets = useApi('rule_sets.list', { params: { pversion: 'draft' }, ...count }).data
    ?.total;
  return (
    <ul className="nav" aria-label="Pages">
      <NavLink
        item={{ to: '/explore', name: 'Explore', icon: <IconListSearch {...icon} /> }}
        onFollow={onFollow}
      />
      <NavLink
        item={{
          to: '/check',
          name: 'Check a Connection',
          icon: <IconArrowsRightLeft {...icon} />,
        }}
        onFollow={onFollow}
      />
      <li role="separator">
        <hr />
      </li>
      <Group
        name="Rulesets and Rules"
        icon={<IconFileText {...icon} />}
        onFollow={onFollow}
        items={[
          { to: '/rulesets', name: 'Rulesets', icon: <IconFileText {...icon} />, count: ruleSets },
        ]}
      />
      <NavLink
        item={{
          to: '/boundaries',
          name: 'Enforcement Boundaries',
          icon: <IconSeparatorVertical {...icon} />,
        }}
        onFollow={onFollow}
      />
      <Group
        name="Policy Objects"
        icon={<IconBox {...icon} />}
        onFollow={onFollow}
        items={[
          { to: '/services', name: 'Services', icon: <IconFileCode {...icon} /> },
          { to: '/ip-lists', name: 'IP Lists', icon: <IconWorld {...icon} /> },
          { to: '/labels', name: 'Labels', icon: <IconTags {...icon} /> },
          { to: '/label-groups', name: 'Label Groups', icon: <IconFolders {...icon} /> },
          { to: '/virtual-services', name: 'Virtual Services', icon: <IconSitemap {...icon} /> },
          { to: '/user-groups', name: 'User Groups', icon: <IconUsersGroup {...icon} /> },
        ]}
      />
      <NavLink
        item={{
          to: '/diagnostics',
          name: 'Diagnostics',
          icon: <IconStethoscope {...icon} />,
          count: findings?.total === 0 ? undefined : findings?.total,
          countTitle:
            findings === undefined
              ? undefined
              : `Findings in the draft, ${formatDateTime(findings.at)}`,
        }}
        onFollow={onFollow}
      />
      <NavLink
        item={{ to: '/policy-tests', name: 'Policy Tests', icon: <IconChecklist {...icon} /> }}
        onFollow={onFollow}
      />
      <NavLink
        item={{
          to: '/provision',
          name: 'Provision',
          icon: <IconUpload {...icon} />,
          count: draft.count,
          draft: true,
        }}
        onFollow={onFollow}
      />
      <li role="separator">
        <hr />
      </li>
      <Group
        name="Workloads and VENs"
        icon={<IconServer {...icon} />}
        onFollow={onFollow}
        items={[
          { to: '/workloads', name: 'Workloads', icon: <IconServer {...icon} />, count: workloads },
          { to: '/vens', name: 'VENs', icon: <IconShield {...icon} />, count: vens },
          { to: '/pairing-profiles', name: 'Pairing Profiles', icon: <IconLink {...icon} /> },
        ]}
      />
      <li role="separator">
        <hr />
      </li>
      <NavLink
        item={{ to: '/events', name: 'Events', icon: <IconActivity {...icon} /> }}
        onFollow={onFollow}
      />
      <NavLink
        item={{
          to: '/settings/corporate-public-ips',
          below: '/settings',
          name: 'Settings',
          icon: <IconAdjustmentsHorizontal {...icon} />,
        }}
        onFollow={onFollow}
      />
    </ul>
  );
}
