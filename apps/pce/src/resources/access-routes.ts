/** Routes of who may do what, for composition.ts. */
import type { Deps } from '../deps.ts';
import type { Routes } from '../http/routes.ts';
import { accessRestrictionRoutes } from './access-restrictions/routes.ts';
import { orgApiKeyRoutes } from './api-keys/org-routes.ts';
import { apiKeyRoutes } from './api-keys/routes.ts';
import { authSecurityPrincipalRoutes } from './auth-security-principals/routes.ts';
import { authenticationSettingsRoutes } from './authentication-settings/routes.ts';
import { permissionRoutes } from './permissions/routes.ts';
import { serviceAccountRoutes } from './service-accounts/routes.ts';
import { singleSignOnRoutes } from './single-sign-on/routes.ts';

export function accessRoutes(deps: Deps): Routes[] {
  return [
    apiKeyRoutes(deps),
    orgApiKeyRoutes(deps),
    authenticationSettingsRoutes(deps),
    permissionRoutes(deps),
    authSecurityPrincipalRoutes(deps),
    accessRestrictionRoutes(deps),
    serviceAccountRoutes(deps),
    singleSignOnRoutes(deps),
  ];
}
