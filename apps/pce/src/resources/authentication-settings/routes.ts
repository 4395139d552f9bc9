/** How users of the organization sign in, and how long API keys live. */
import { ORG_SETTINGS, PASSWORD_POLICY } from '../../access/settings.ts';
import { readSetting, writeSetting, type Setting } from '../../db/settings.ts';
import { recordChange } from '../../audit/record-change.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import type { Routes } from '../../http/routes.ts';
import { lockPolicy, type WriteContext } from '../../provisioning/drafts.ts';
import { defined } from '../../provisioning/present.ts';

export function authenticationSettingsRoutes(deps: Deps): Routes {
  async function change<T extends Readonly<Record<string, unknown>>>(
    context: WriteContext,
    setting: Setting<T>,
    {
      members,
      event,
      href,
    }: { readonly members: object; readonly event: string; readonly href: string },
  ): Promise<void> {
    const { db, orgId, caller } = context;
    await lockPolicy(db, orgId);
    const before = await readSetting(db, orgId, setting);
    const after = { ...before, ...defined(members) };
    await writeSetting(db, orgId, {
      setting,
      value: after,
      by: caller.href,
      now: deps.clock.now(),
    });
    appendChange(db, { orgId, kind: 'settings', href });
    await recordChange(deps, context, {
      type: event,
      href,
      before,
      after,
    });
  }
  const none = () => ({ items: [], total: 0 });

  return {
    'password_policy.get': ({ db, orgId }) => readSetting(db, orgId, PASSWORD_POLICY),
    'password_policy.update': (context) =>
      change(context, PASSWORD_POLICY, {
        members: context.body,
        event: 'password_policy',
        href: '/authentication_settings/password_policy',
      }),
    'saml_configs.list': none,
    'ldap_configs.list': none,
    'radius_configs.list': none,
    'org_settings.get': ({ db, orgId }) => readSetting(db, orgId, ORG_SETTINGS),
    'org_settings.update': (context) =>
      change(context, ORG_SETTINGS, {
        members: context.body,
        event: 'settings',
        href: `/orgs/${context.orgId}/settings`,
      }),
  };
}
