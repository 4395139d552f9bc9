import type { Role } from '@bulkhead/contract';
import type { Grant } from '../access/grants.ts';

/** Somebody who signed in, or a program with the API key of a user or a service account. */
export interface UserCaller {
  readonly kind: 'user';
  /** Null: a service account. */
  readonly userId: number | null;
  readonly orgId: number;
  /** `/users/N`, or `ORG/service_accounts/UUID`. */
  readonly href: string;
  /** Login, or name of the service account. */
  readonly username: string;
  readonly grants: readonly Grant[];
  /** Of all grants, whatever their scope. */
  readonly roles: readonly Role[];
  readonly via: 'session' | 'api_key';
}

/** An activated VEN with its own token. */
export interface VenCaller {
  readonly kind: 'ven';
  /** UUID of VEN and workload. */
  readonly venId: string;
  readonly orgId: number;
  /** `ORG/vens/UUID`. */
  readonly href: string;
  readonly hostname: string;
}

/** Finds the VEN of a bearer token; undefined when there is none. The gateway gives it. */
export type VenResolver = (token: string) => Promise<VenCaller | undefined>;
