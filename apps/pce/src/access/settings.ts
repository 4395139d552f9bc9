/** Settings of an organization that say how people and programs sign in. */
import {
  orgSettingsSchema,
  passwordPolicySchema,
  type OrgSettings,
  type PasswordPolicy,
} from '@bulkhead/contract';
import type { Setting } from '../db/settings.ts';

export const PASSWORD_POLICY: Setting<PasswordPolicy> = {
  key: 'password_policy',
  schema: passwordPolicySchema,
  defaults: {
    require_type_number: false,
    require_type_lowercase: false,
    require_type_uppercase: false,
    require_type_symbol: false,
    min_characters_per_type: 1,
    min_length: 8,
    min_changed_characters: 1,
    history_count: 1,
    expire_time_days: 0,
    session_timeout_minutes: 30,
  },
};

export const ORG_SETTINGS: Setting<OrgSettings> = {
  key: 'org',
  schema: orgSettingsSchema,
  defaults: {
    max_api_key_expiration_in_seconds: 90 * 86_400,
    expired_api_keys_retention_in_seconds: 86_400,
  },
};

/** No session lives longer without use, whatever a password policy says. */
export const LONGEST_SESSION_MINUTES = 1440;
