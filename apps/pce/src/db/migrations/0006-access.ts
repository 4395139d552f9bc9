/** Principals that permissions are given to, access restrictions, service accounts, and what the password policy needs. */
import { sql } from 'kysely';
import type { Tx } from '../database.ts';

const AUDITED = `created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(), updated_by text NOT NULL`;
const ORG = 'org_id integer NOT NULL REFERENCES orgs (id)';

const STATEMENTS = [
  `CREATE TABLE access_restrictions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ${ORG}, name text NOT NULL, description text, ips jsonb NOT NULL, ${AUDITED})`,
  'CREATE UNIQUE INDEX access_restrictions_name ON access_restrictions (org_id, name)',
  `CREATE TABLE auth_security_principals (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ${ORG}, type text NOT NULL CHECK (type IN ('user', 'group', 'service_account')),
    name text, display_name text, description text,
    access_restriction_id uuid REFERENCES access_restrictions (id), ${AUDITED},
    CHECK (name IS NOT NULL OR type = 'group'))`,
  `CREATE UNIQUE INDEX auth_security_principals_name
    ON auth_security_principals (org_id, type, name) NULLS NOT DISTINCT`,

  // Whoever had a permission becomes a principal; everybody may read, until an owner takes that away.
  `INSERT INTO auth_security_principals (org_id, type, name, created_by, updated_by)
    SELECT DISTINCT users.org_id, 'user', users.username, '/users/0', '/users/0'
    FROM users JOIN permissions ON permissions.user_id = users.id`,
  `INSERT INTO auth_security_principals (org_id, type, name, created_by, updated_by)
    SELECT id, 'group', NULL, '/users/0', '/users/0' FROM orgs`,
  `ALTER TABLE permissions
    ADD COLUMN principal_id uuid REFERENCES auth_security_principals (id) ON DELETE CASCADE,
    ADD COLUMN created_by text NOT NULL DEFAULT '/users/0',
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN updated_by text NOT NULL DEFAULT '/users/0'`,
  `UPDATE permissions SET principal_id = auth_security_principals.id
    FROM users JOIN auth_security_principals
      ON auth_security_principals.org_id = users.org_id AND auth_security_principals.type = 'user'
        AND auth_security_principals.name = users.username
    WHERE users.id = permissions.user_id`,
  `ALTER TABLE permissions
    DROP COLUMN user_id,
    ALTER COLUMN principal_id SET NOT NULL,
    ALTER COLUMN created_by DROP DEFAULT,
    ALTER COLUMN updated_by DROP DEFAULT`,
  'CREATE INDEX permissions_of_principal ON permissions (principal_id)',
  `INSERT INTO permissions (org_id, principal_id, role, created_by, updated_by)
    SELECT org_id, id, 'read_only', '/users/0', '/users/0' FROM auth_security_principals WHERE name IS NULL`,

  `ALTER TABLE api_keys
    ALTER COLUMN user_id DROP NOT NULL,
    ADD COLUMN service_account_id uuid REFERENCES auth_security_principals (id) ON DELETE CASCADE,
    ADD CHECK (num_nonnulls(user_id, service_account_id) = 1)`,
  'CREATE INDEX api_keys_of_service_account ON api_keys (service_account_id)',
  'CREATE INDEX api_keys_expiry ON api_keys (expires_at)',

  `ALTER TABLE users
    ADD COLUMN effective_groups jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN password_changed_at timestamptz NOT NULL DEFAULT now()`,
  `CREATE TABLE password_history (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    password_hash text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`,
  'CREATE INDEX password_history_of_user ON password_history (user_id, id)',
  `CREATE TABLE password_tickets (
    token_hash bytea PRIMARY KEY,
    user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reason text NOT NULL CHECK (reason IN ('invitation', 'expired')),
    expires_at timestamptz NOT NULL)`,
  'CREATE INDEX password_tickets_of_user ON password_tickets (user_id)',
  `CREATE TABLE sign_in_attempts (
    state_hash bytea PRIMARY KEY,
    ${ORG}, nonce text NOT NULL, code_verifier text NOT NULL, expires_at timestamptz NOT NULL)`,
];

export async function up(trx: Tx): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(trx);
}
