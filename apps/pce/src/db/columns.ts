/** Types of columns, as Kysely reads and writes them. */
import type { ColumnType } from 'kysely';

/** JSON text of a T, made by `json()` of database.ts only. The driver would turn a bare array into a PostgreSQL array. */
export type JsonText<T> = string & { readonly jsonOf?: T };
/** A jsonb column: read as T, written as `json(value)`. */
export type Json<T> = ColumnType<T, JsonText<T>, JsonText<T>>;
/** A jsonb column that may be SQL NULL: write null itself, not `json(null)`. */
export type NullableJson<T> = ColumnType<
  T | null,
  JsonText<T> | null | undefined,
  JsonText<T> | null
>;
export type JsonWithDefault<T> = ColumnType<T, JsonText<T> | undefined, JsonText<T>>;
export type Timestamp = ColumnType<Date, Date | string, Date | string>;
export type TimestampWithDefault = ColumnType<Date, Date | string | undefined, Date | string>;
export type NullableTimestamp = ColumnType<
  Date | null,
  Date | string | null | undefined,
  Date | string | null
>;
export type WithDefault<T> = ColumnType<T, T | undefined, T>;
export type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>;

export interface Audited {
  created_at: TimestampWithDefault;
  /** Href: `/users/1`, a VEN's, or `/users/0` for the system. */
  created_by: string;
  updated_at: TimestampWithDefault;
  updated_by: string;
}
export interface External {
  external_data_set: Nullable<string>;
  external_data_reference: Nullable<string>;
}
