/** Routes, by code. The search of every route is plain text pairs. */
import { useSyncExternalStore } from 'react';
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { getSession, subscribeToSession } from './api/session.ts';
import { parseSearch, stringifySearch, type Search } from './format/filters.ts';
import { SignIn } from './pages/SignIn.tsx';
import { BoundariesPage } from './pages/boundaries/BoundariesPage.tsx';
import { BoundaryPage } from './pages/boundaries/BoundaryPage.tsx';
import { CheckConnectionPage } from './pages/check/CheckConnectionPage.tsx';
import { DiagnosticsPage } from './pages/diagnostics/DiagnosticsPage.tsx';
import { EventsPage } from './pages/events/EventsPage.tsx';
import { ExplorePage } from './pages/explore/ExplorePage.tsx';
import { IpListsPage } from './pages/objects/IpListsPage.tsx';
import { LabelGroupsPage } from './pages/objects/LabelGroupsPage.tsx';
import { LabelsPage } from './pages/objects/LabelsPage.tsx';
import { ServicesPage } from './pages/objects/ServicesPage.tsx';
import { PolicyTestPage } from './pages/policy-tests/PolicyTestPage.tsx';
import { PolicyTestsPage } from './pages/policy-tests/PolicyTestsPage.tsx';
import { UserGroupsPage } from './pages/objects/UserGroupsPage.tsx';
import { ProvisionPage } from './pages/provision/ProvisionPage.tsx';
import { VersionsPage } from './pages/provision/VersionsPage.tsx';
import { RulesetPage } from './pages/rulesets/RulesetPage.tsx';
import { RulesetsPage } from './pages/rulesets/RulesetsPage.tsx';
import { EventSettingsPage } from './pages/settings/EventSettingsPage.tsx';
import { FirewallPage } from './pages/settings/FirewallPage.tsx';
import { OfflineTimersPage } from './pages/settings/OfflineTimersPage.tsx';
import { SinksPage } from './pages/settings/SinksPage.tsx';
import { CorporatePublicIpsPage } from './pages/settings/CorporatePublicIpsPage.tsx';
import { AddWithPairingProfilePage } from './pages/vens/AddWithPairingProfilePage.tsx';
import { PairingProfilePage } from './pages/vens/PairingProfilePage.tsx';
import { PairingProfilesPage } from './pages/vens/PairingProfilesPage.tsx';
import { VensPage } from './pages/vens/VensPage.tsx';
import { VirtualServicePage } from './pages/virtual-services/VirtualServicePage.tsx';
import { VirtualServicesPage } from './pages/virtual-services/VirtualServicesPage.tsx';
import { WorkloadPage } from './pages/workloads/WorkloadPage.tsx';
import { WorkloadsPage } from './pages/workloads/WorkloadsPage.tsx';
import { Shell } from './shell/Shell.tsx';
import { Empty } from './ui/Notices.tsx';

function Frame() {
  const session = useSyncExternalStore(subscribeToSession, getSession);
  if (session === null) return <SignIn />;
  return (
    <Shell key={session.token}>
      <Outlet />
    </Shell>
  );
}

function NotFound() {
  return (
    <main className="page">
      <Empty
        title="There is no such page"
        action={
          <Link className="btn pri" to="/workloads">
            Go to Workloads
          </Link>
        }
      >
        The address may be mistyped, or the object was deleted.
      </Empty>
    </main>
  );
}

const root = createRootRoute({
  component: Frame,
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>): Search =>
    Object.fromEntries(
      Object.entries(search).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    ),
});
const at = () => root;
const index = createRoute({
  getParentRoute: at,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/workloads' });
  },
});
const routes = [
  index,
  createRoute({ getParentRoute: at, path: '/explore', component: ExplorePage }),
  createRoute({ getParentRoute: at, path: '/check', component: CheckConnectionPage }),
  createRoute({ getParentRoute: at, path: '/rulesets', component: RulesetsPage }),
  createRoute({ getParentRoute: at, path: '/rulesets/$id', component: RulesetPage }),
  createRoute({ getParentRoute: at, path: '/boundaries', component: BoundariesPage }),
  createRoute({ getParentRoute: at, path: '/boundaries/$id', component: BoundaryPage }),
  createRoute({ getParentRoute: at, path: '/services', component: ServicesPage }),
  createRoute({ getParentRoute: at, path: '/ip-lists', component: IpListsPage }),
  createRoute({ getParentRoute: at, path: '/labels', component: LabelsPage }),
  createRoute({ getParentRoute: at, path: '/label-groups', component: LabelGroupsPage }),
  createRoute({ getParentRoute: at, path: '/user-groups', component: UserGroupsPage }),
  createRoute({ getParentRoute: at, path: '/virtual-services', component: VirtualServicesPage }),
  createRoute({ getParentRoute: at, path: '/virtual-services/$id', component: VirtualServicePage }),
  createRoute({ getParentRoute: at, path: '/diagnostics', component: DiagnosticsPage }),
  createRoute({ getParentRoute: at, path: '/policy-tests', component: PolicyTestsPage }),
  createRoute({ getParentRoute: at, path: '/policy-tests/$id', component: PolicyTestPage }),
  createRoute({ getParentRoute: at, path: '/provision', component: ProvisionPage }),
  createRoute({ getParentRoute: at, path: '/provision/versions', component: VersionsPage }),
  createRoute({ getParentRoute: at, path: '/workloads', component: WorkloadsPage }),
  createRoute({ getParentRoute: at, path: '/workloads/$id', component: WorkloadPage }),
  createRoute({ getParentRoute: at, path: '/vens', component: VensPage }),
  createRoute({ getParentRoute: at, path: '/vens/add', component: AddWithPairingProfilePage }),
  createRoute({ getParentRoute: at, path: '/pairing-profiles', component: PairingProfilesPage }),
  createRoute({ getParentRoute: at, path: '/pairing-profiles/$id', component: PairingProfilePage }),
  createRoute({ getParentRoute: at, path: '/events', component: EventsPage }),
  createRoute({
    getParentRoute: at,
    path: '/settings/corporate-public-ips',
    component: CorporatePublicIpsPage,
  }),
  createRoute({ getParentRoute: at, path: '/settings/firewall', component: FirewallPage }),
  createRoute({
    getParentRoute: at,
    path: '/settings/offline-timers',
    component: OfflineTimersPage,
  }),
  createRoute({ getParentRoute: at, path: '/settings/events', component: EventSettingsPage }),
  createRoute({ getParentRoute: at, path: '/settings/sinks', component: SinksPage }),
];
export const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch,
  stringifySearch,
  scrollRestoration: true,
});
