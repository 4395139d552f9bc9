/** The frame of every page: navigation, header, live state, draft pill, theme, account. */
import type { ReactNode } from 'react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import {
  Drawer,
  Menu,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import {
  IconChevronRight,
  IconDots,
  IconMenu2,
  IconMoon,
  IconPencil,
  IconSun,
} from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { signOut } from '../api/client.ts';
import { useApi } from '../api/hooks.ts';
import { liveState, startLive, subscribeToLive } from '../api/live.ts';
import { getSession, subscribeToSession } from '../api/session.ts';
import { plural } from '../format/numbers.ts';
import { useDraft } from '../pages/provision/pending.ts';
import { Logo } from '../ui/Bits.tsx';
import { Announcement } from './Announcement.tsx';
import { SideNav } from './SideNav.tsx';

export interface Crumb {
  readonly name: string;
  readonly to?: string;
}

function LivePill() {
  const state = useSyncExternalStore(subscribeToLive, liveState);
  if (state === 'live')
    return (
      <span className="pill live" role="status">
        Live
      </span>
    );
  if (state === 'connecting') return null;
  return (
    <span className="pill stale" role="status">
      Not live, trying again
    </span>
  );
}

function ThemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const [label, Icon] =
    scheme === 'dark' ? (['Light theme', IconSun] as const) : (['Dark theme', IconMoon] as const);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <button type="button" className="icb" aria-label="Colour theme" title={label}>
          <Icon size={16} stroke={1.5} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => setColorScheme('auto')}>As the system</Menu.Item>
        <Menu.Item onClick={() => setColorScheme('light')}>Light</Menu.Item>
        <Menu.Item onClick={() => setColorScheme('dark')}>Dark</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function DraftPill() {
  const draft = useDraft();
  if (draft.count === 0) return null;
  return (
    <Link to="/provision" className="pill draft">
      <IconPencil size={12} aria-hidden />
      {plural(draft.count, 'draft change')}
    </Link>
  );
}

function SideFoot() {
  const session = getSession();
  const version = useApi('node.product_version').data;
  const health = useApi('node.health', {}, { refetchInterval: 60_000 });
  const status = health.data?.[0]?.status;
  const me = useApi('users.me').data;
  const name = me?.full_name ?? me?.username ?? session?.fullName ?? session?.username ?? '';
  const noted = health.data?.[0]?.notifications.map((one) => one.message).join(' ');
  const initials = name
    .split(/[\s@.]+/)
    .slice(0, 2)
    .map((part) => part.charAt(0).toUpperCase())
    .join('');
  return (
    <div className="side-foot">
      <div className="row hide">
        {status === undefined ? null : (
          <span
            title={noted}
            className={status === 'normal' ? 'st' : status === 'warning' ? 'st warn' : 'st err'}
          >
            <i aria-hidden="true" />
            {status === 'normal'
              ? 'All services healthy'
              : status === 'warning'
                ? 'PCE warns'
                : 'PCE has errors'}
          </span>
        )}
        <span style={{ marginLeft: 'auto' }} className="num nw">
          {version === undefined ? '' : `PCE ${version.version}`}
        </span>
      </div>
      <Menu position="top-end">
        <Menu.Target>
          <button
            type="button"
            className="row"
            aria-label="Account"
            style={{
              border: 0,
              background: 'none',
              padding: 0,
              cursor: 'pointer',
              textAlign: 'left',
            }}
          >
            <span className="avatar" aria-hidden="true">
              {initials}
            </span>
            <span className="t2 b ell hide">{name}</span>
            <span className="hide" style={{ marginLeft: 'auto' }}>
              <IconDots size={16} aria-hidden />
            </span>
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{me?.username ?? session?.username}</Menu.Label>
          <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

function Brand() {
  return (
    <Link className="brand" to="/workloads" aria-label="Bulkhead">
      <Logo />
      <b>Bulkhead</b>
      <span className="org ell">{getSession()?.orgName}</span>
    </Link>
  );
}

const JUMPS: Record<string, string> = {
  e: '/explore',
  r: '/rulesets',
  b: '/boundaries',
  p: '/provision',
  w: '/workloads',
  v: '/vens',
  s: '/settings/corporate-public-ips',
};
/** G, then the letter of a page; off inside fields. */
function useJumpKeys(): void {
  const navigate = useNavigate();
  useEffect(() => {
    let armedAt = 0;
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (
        event.target instanceof HTMLElement &&
        event.target.closest('input,textarea,select,[contenteditable],[role=dialog]') !== null
      )
        return;
      const to = JUMPS[event.key];
      if (event.key === 'g') armedAt = Date.now();
      else if (to !== undefined && Date.now() - armedAt < 1500) {
        armedAt = 0;
        void navigate({ to });
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [navigate]);
}

export function Shell({ children }: { readonly children: ReactNode }) {
  const [menu, setMenu] = useState(false);
  const session = useSyncExternalStore(subscribeToSession, getSession);
  const token = session?.token;
  useEffect(() => (token === undefined ? undefined : startLive()), [token]);
  useJumpKeys();
  return (
    <div className="shell">
      <nav className="side" aria-label="Main">
        <Brand />
        <SideNav />
        <SideFoot />
      </nav>
      <div className="main">
        <header className="top">
          <Crumbs />
          <div className="right">
            <LivePill />
            <DraftPill />
            <ThemeButton />
            <Tooltip label="Menu">
              <button
                type="button"
                className="icb menu-button"
                aria-label="Menu"
                onClick={() => setMenu(true)}
              >
                <IconMenu2 size={20} aria-hidden />
              </button>
            </Tooltip>
          </div>
        </header>
        <Announcement />
        {children}
      </div>
      <Drawer
        opened={menu}
        onClose={() => setMenu(false)}
        title="Bulkhead"
        size={300}
        className="mobile-nav"
      >
        <SideNav onFollow={() => setMenu(false)} />
        <SideFoot />
      </Drawer>
    </div>
  );
}

let crumbs: readonly Crumb[] = [];
const crumbListeners = new Set<() => void>();
function subscribeToCrumbs(listener: () => void): () => void {
  crumbListeners.add(listener);
  return () => crumbListeners.delete(listener);
}
/** A page says where it is; the header and the window's title show it. */
export function useCrumbs(...next: readonly Crumb[]): void {
  const key = JSON.stringify(next);
  useEffect(() => {
    crumbs = JSON.parse(key) as Crumb[]; // its own text
    document.title = `${crumbs.at(-1)?.name ?? ''} - Bulkhead`;
    for (const listener of crumbListeners) listener();
  }, [key]);
}
function Crumbs() {
  const shown = useSyncExternalStore(subscribeToCrumbs, () => crumbs);
  return (
    <nav className="crumb ell" aria-label="Breadcrumb">
      {shown.map((crumb, index) => (
        <span key={crumb.name} className="row g6">
          {index === 0 ? null : <IconChevronRight size={12} aria-hidden />}
          {index === shown.length - 1 ? (
            <b aria-current="page" className="ell">
              {crumb.name}
            </b>
          ) : crumb.to === undefined ? (
            <span className="t2">{crumb.name}</span>
          ) : (
            <Link to={crumb.to}>{crumb.name}</Link>
          )}
        </span>
      ))}
    </nav>
  );
}
