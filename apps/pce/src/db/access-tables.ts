/** Tables of who may do what: organizations, users, their credentials, principals and permissions. */
import type { Generated } from 'kysely';
import type { Role } from '@bulkhead/contract';
import type {
  Audited,
  Json,
  JsonWithDefault,
  Nullable,
  NullableTimestamp,
  Timestamp,
  TimestampWithDefault,
  WithDefault,
} from './columns.ts';

interface OrgsTable {
  id: Generated<number>;
  display_name: string;
  created_at: TimestampWithDefault;
}

export interface UsersTable {
  id: Generated<number>;
  org_id: number;
  /** E-mail address, lower case. */
  username: string;
  full_name: Nullable<string>;
  time_zone: Nullable<string>;
  type: WithDefault<'local' | 'external'>;
  locked: WithDefault<boolean>;
  /** `scrypt$N$r$p$salt$hash`; null for users without a local login, and until an invitation is accepted. */
  password_hash: Nullable<string>;
  password_changed_at: TimestampWithDefault;
  /** As the identity provider said at the last sign-in. */
  effective_groups: JsonWithDefault<string[]>;
  last_login_on: NullableTimestamp;
  last_login_ip_address: Nullable<string>;
  login_count: WithDefault<number>;
  created_at: TimestampWithDefault;
  updated_at: TimestampWithDefault;
}

/** Passwords before the present one, for the password policy. */
interface PasswordHistoryTable {
  id: Generated<number>;
  user_id: number;
  password_hash: string;
  created_at: TimestampWithDefault;
}

/** Leave to set a password, once: an invitation, or a password that has expired. */
interface PasswordTicketsTable {
  /** SHA-256 of the UUID in the link. */
  token_hash: Buffer;
  user_id: number;
  reason: 'invitation' | 'expired';
  expires_at: Timestamp;
}

/** Sign-ins that began at the identity provider and have not come back. */
interface SignInAttemptsTable {
  /** SHA-256 of the state. */
  state_hash: Buffer;
  org_id: number;
  nonce: string;
  code_verifier: string;
  expires_at: Timestamp;
}

/** Addresses that credentials are accepted from. */
export interface AccessRestrictionsTable extends Audited {
  id: Generated<string>;
  org_id: number;
  name: string;
  description: Nullable<string>;
  /** Addresses and CIDR blocks, canonical. */
  ips: Json<string[]>;
}

/** Whom permissions are given to. The group without a name stands for every user. */
export interface AuthSecurityPrincipalsTable extends Audited {
  id: Generated<string>;
  org_id: number;
  type: 'user' | 'group' | 'service_account';
  /** Login of a user (lower case), name of a group at the identity provider, name of a service account. */
  name: string | null;
  display_name: Nullable<string>;
  description: Nullable<string>;
  access_restriction_id: Nullable<string>;
}

export type StoredScopeRef =
  | { readonly label: { readonly href: string } }
  | { readonly label_group: { readonly href: string } };

export interface PermissionsTable extends Audited {
  id: Generated<string>;
  org_id: number;
  principal_id: string;
  role: Role;
  /** Label groups by their draft href. Empty: everything. */
  scope: JsonWithDefault<StoredScopeRef[]>;
}

interface SessionsTable {
  /** SHA-256 of the session token. */
  token_hash: Buffer;
  user_id: number;
  ip_address: string;
  created_at: TimestampWithDefault;
  last_used_at: TimestampWithDefault;
}

interface LoginTokensTable {
  token_hash: Buffer;
  user_id: number;
  expires_at: Timestamp;
}

/** Of a user or of a service account, never of both. */
export interface ApiKeysTable {
  key_id: string;
  user_id: Nullable<number>;
  service_account_id: Nullable<string>;
  name: string;
  description: Nullable<string>;
  secret_hash: Buffer;
  created_at: TimestampWithDefault;
  /** Null: never. */
  expires_at: NullableTimestamp;
  last_login_on: NullableTimestamp;
}

/** Failed sign-ins, by account (`account:<e-mail>`) and by address (`address:<ip>`). */
interface LoginFailuresTable {
  subject: string;
  failures: number;
  window_started_at: Timestamp;
  blocked_until: NullableTimestamp;
}

interface UserValuesTable {
  user_id: number;
  key: string;
  value: Json<unknown>;
  updated_at: TimestampWithDefault;
}

export interface AccessTables {
  orgs: OrgsTable;
  users: UsersTable;
  password_history: PasswordHistoryTable;
  password_tickets: PasswordTicketsTable;
  sign_in_attempts: SignInAttemptsTable;
  access_restrictions: AccessRestrictionsTable;
  auth_security_principals: AuthSecurityPrincipalsTable;
  permissions: PermissionsTable;
  sessions: SessionsTable;
  login_tokens: LoginTokensTable;
  api_keys: ApiKeysTable;
  login_failures: LoginFailuresTable;
  user_values: UserValuesTable;
}
