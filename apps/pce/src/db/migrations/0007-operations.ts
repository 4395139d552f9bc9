/** Jobs that collect a collection, and what they collected; looking workloads up by address and by parts of their names. */
import { sql } from 'kysely';
import type { Tx } from '../database.ts';

const STATEMENTS = [
  `CREATE TABLE jobs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id integer NOT NULL REFERENCES orgs (id),
    requested_by text NOT NULL,
    operation text NOT NULL, description text NOT NULL, params jsonb NOT NULL, query jsonb NOT NULL,
    request_id text NOT NULL, ip_address text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0, lease_until timestamptz, item_count bigint, message text,
    requested_at timestamptz NOT NULL, terminated_at timestamptz, expires_at timestamptz NOT NULL)`,
  'CREATE INDEX jobs_of_user ON jobs (org_id, requested_by, requested_at)',
  `CREATE INDEX jobs_to_do ON jobs (requested_at) WHERE status IN ('pending', 'running')`,
  'CREATE INDEX jobs_expiry ON jobs (expires_at)',
  // Compressed already: the database need not try again.
  `CREATE TABLE datafile_parts (
    job_id uuid NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    part integer NOT NULL, content bytea NOT NULL,
    PRIMARY KEY (job_id, part))`,
  'ALTER TABLE datafile_parts ALTER COLUMN content SET STORAGE EXTERNAL',

  `CREATE TABLE object_limits (
    org_id integer NOT NULL REFERENCES orgs (id), type text NOT NULL,
    soft integer NOT NULL, hard integer NOT NULL CHECK (hard >= soft AND soft >= 0),
    PRIMARY KEY (org_id, type))`,

  `CREATE TABLE traffic_collector_settings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id integer NOT NULL REFERENCES orgs (id), content jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), updated_by text NOT NULL)`,
  'CREATE INDEX traffic_collector_settings_of_org ON traffic_collector_settings (org_id)',

  `CREATE TABLE container_clusters (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id integer NOT NULL REFERENCES orgs (id), name text NOT NULL, description text, token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), updated_by text NOT NULL)`,
  'CREATE INDEX container_clusters_of_org ON container_clusters (org_id)',
  `CREATE TABLE container_workload_profiles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id integer NOT NULL REFERENCES orgs (id),
    cluster_id uuid NOT NULL REFERENCES container_clusters (id) ON DELETE CASCADE,
    content jsonb NOT NULL, is_default boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), updated_by text NOT NULL)`,
  'CREATE INDEX container_workload_profiles_of_cluster ON container_workload_profiles (cluster_id)',

  `CREATE TABLE workload_addresses (
    workload_id uuid NOT NULL REFERENCES workloads (id) ON DELETE CASCADE, address inet NOT NULL,
    PRIMARY KEY (workload_id, address))`,
  'CREATE INDEX workload_addresses_in_order ON workload_addresses (address)',
  // Triggers, because what a VEN reports and what people write come by different ways.
  `CREATE FUNCTION addresses_of_workload(interfaces jsonb, public_ip text) RETURNS SETOF inet
    LANGUAGE sql IMMUTABLE AS $$
      SELECT (entry ->> 'address')::inet FROM jsonb_array_elements(interfaces) AS entry
      UNION
      SELECT public_ip::inet WHERE public_ip IS NOT NULL $$`,
  `CREATE FUNCTION note_new_workload_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO workload_addresses (workload_id, address)
        SELECT added.id, address
        FROM added, addresses_of_workload(added.interfaces, added.public_ip) AS address;
      RETURN NULL;
    END $$`,
  `CREATE FUNCTION note_workload_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM workload_addresses WHERE workload_id = NEW.id;
      INSERT INTO workload_addresses (workload_id, address)
        SELECT NEW.id, address FROM addresses_of_workload(NEW.interfaces, NEW.public_ip) AS address;
      RETURN NULL;
    END $$`,
  `CREATE TRIGGER workload_addresses_new AFTER INSERT ON workloads
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_new_workload_addresses()`,
  `CREATE TRIGGER workload_addresses_moved AFTER UPDATE OF interfaces, public_ip ON workloads
    FOR EACH ROW WHEN (OLD.interfaces IS DISTINCT FROM NEW.interfaces OR OLD.public_ip IS DISTINCT FROM NEW.public_ip)
    EXECUTE FUNCTION note_workload_addresses()`,
  `INSERT INTO workload_addresses (workload_id, address)
    SELECT workloads.id, address
    FROM workloads, addresses_of_workload(workloads.interfaces, workloads.public_ip) AS address`,
  // Parts of texts are found without reading every workload. Where the database is a server of somebody else's, its extension may be missing
  // or not ours to add; the same queries are then answered more slowly.
  `DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX workloads_by_name_part ON workloads USING gin (name gin_trgm_ops);
    CREATE INDEX workloads_by_hostname_part ON workloads USING gin (hostname gin_trgm_ops);
    CREATE INDEX workload_addresses_by_part ON workload_addresses USING gin (host(address) gin_trgm_ops);
  EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'without pg_trgm: %', SQLERRM;
  END $$`,
];

export async function up(trx: Tx): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(trx);
}
