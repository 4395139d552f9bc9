/** The pages of the settings beside their second navigation. */
import type { ReactNode } from 'react';
import { Link, useLocation } from '@tanstack/react-router';

const GROUPS = [
  {
    name: 'Network',
    pages: [{ to: '/settings/corporate-public-ips', name: 'Corporate Public IPs' }],
  },
  { name: 'Policy', pages: [{ to: '/settings/firewall', name: 'Firewall' }] },
  { name: 'Workloads', pages: [{ to: '/settings/offline-timers', name: 'Offline Timers' }] },
  {
    name: 'Events',
    pages: [
      { to: '/settings/events', name: 'Events' },
      { to: '/settings/sinks', name: 'Syslog and Webhooks' },
    ],
  },
];

export function SettingsFrame({ children }: { readonly children: ReactNode }) {
  const path = useLocation({ select: (location) => location.pathname });
  return (
    <main className="page">
      <div className="second">
        <nav aria-label="Settings">
          {GROUPS.map((group) => (
            <div key={group.name} style={{ marginBottom: 12 }}>
              <div className="t3 sm" style={{ padding: '0 10px 4px' }}>
                {group.name}
              </div>
              {group.pages.map((page) => (
                <Link
                  key={page.to}
                  to={page.to}
                  {...(path === page.to ? { 'aria-current': 'page' as const } : {})}
                >
                  {page.name}
                </Link>
              ))}
            </div>
          ))}
        </nav>
        <div>{children}</div>
      </div>
    </main>
  );
}
