import type { Role } from '@bulkhead/contract';

/** Somebody who signed in, or a program with that user's API key. */
export interface UserCaller {
  readonly kind: 'user';
  readonly userId: number;
  readonly orgId: number;
  /** `/users/N`. */
  readonly href: string;
  readonly username: string;
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
