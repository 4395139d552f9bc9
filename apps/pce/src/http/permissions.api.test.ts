/** Every operation of the endpoint table, asked by everybody that there is: a new endpoint is held to its permission without a change here. */
import { request } from 'node:https';
import { beforeAll, describe, expect, test } from 'vitest';
import { endpoints, PERMISSIONS, ROLES, type EndpointSpec, type Role } from '@bulkhead/contract';
import { VenClient } from '../gateway/testing/ven-client.ts';
import { withTestPce } from '../testing/test-pce.ts';

const pce = withTestPce();
const OTHER_USER = '999999';

interface Caller {
  readonly who: Role | 'a user without a role' | 'a VEN' | 'nobody';
  readonly role: Role | null;
  readonly auth: string | null;
  /** Of users. */
  readonly userId: string | null;
}

let callers: readonly Caller[] = [];
beforeAll(async () => {
  const users = await Promise.all(
    [...ROLES, null].map(async (role): Promise<Caller> => {
      const { auth, userId } = await pce().userWith(role);
      return { who: role ?? 'a user without a role', role, auth, userId: String(userId) };
    }),
  );
  const ven = await VenClient.activate(pce());
  callers = [
    ...users,
    { who: 'a VEN', role: null, auth: `Bearer ${ven.identity.token}`, userId: null },
    { who: 'nobody', role: null, auth: null, userId: null },
  ];
});

/** Status alone, and the connection ends: some answers are streams. */
function statusOf(spec: EndpointSpec, path: string, auth: string | null): Promise<number> {
  const { deps } = pce().pce;
  // What gets past the permission must change nothing: an object that is not there, or a body that nothing takes.
  const body = spec.method === 'GET' || spec.method === 'DELETE' ? undefined : '"nothing"';
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: deps.address.port,
        servername: 'pce.test',
        ca: deps.identity.ca,
        method: spec.method,
        path,
        agent: false,
        headers: {
          ...(auth === null ? {} : { authorization: auth }),
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(body.length) }),
        },
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

function pathOf(spec: EndpointSpec, userId: string): string {
  return `/api/v2${spec.path}`
    .replace(':org_id', '1')
    .replace(':pversion', 'draft')
    .replace(':user_id', userId)
    .replace(':id', '00000000-0000-4000-8000-000000000000')
    .replace(/:[a-z_]+/g, '999999');
}

type Outcome = 'let in' | 'refused' | 'not signed in';

function outcomeOf(status: number): Outcome {
  if (status === 401) return 'not signed in';
  return status === 403 ? 'refused' : 'let in';
}

function expected({ permission, path }: EndpointSpec, caller: Caller, isOwn: boolean): Outcome {
  if (permission === 'ven') return caller.who === 'a VEN' ? 'let in' : 'not signed in';
  if (caller.userId === null) return 'not signed in';
  const isPersonal = path.includes(':user_id');
  if (permission === 'self') return isOwn || !isPersonal ? 'let in' : 'refused';
  if (permission === 'self_or_own') return isOwn || caller.role === 'owner' ? 'let in' : 'refused';
  const allowed: readonly Role[] = PERMISSIONS[permission];
  return caller.role !== null && allowed.includes(caller.role) ? 'let in' : 'refused';
}

const all = Object.entries<EndpointSpec>(endpoints);

describe('who may do what', () => {
  test.each(all.filter(([, spec]) => spec.permission !== 'public'))('%s', async (_, spec) => {
    const seen = await Promise.all(
      callers.flatMap((caller) => {
        const isOneOfOwn = spec.path.includes(':user_id') && caller.userId !== null;
        const users = isOneOfOwn ? [OTHER_USER, caller.userId] : [OTHER_USER];
        return users.map(async (userId) => {
          const status = await statusOf(spec, pathOf(spec, userId), caller.auth);
          const isOwn = userId === caller.userId;
          return {
            who: caller.who,
            isOwn,
            status,
            outcome: outcomeOf(status),
            should: expected(spec, caller, isOwn),
          };
        });
      }),
    );
    expect(seen.filter(({ outcome, should }) => outcome !== should)).toEqual([]);
    expect(seen.filter(({ status }) => status >= 500)).toEqual([]);
  });
});

describe('nobody is refused for want of a role where no sign-in is asked', () => {
  test.each(all.filter(([, spec]) => spec.permission === 'public'))('%s', async (_, spec) => {
    for (const caller of callers) {
      const status = await statusOf(spec, pathOf(spec, OTHER_USER), caller.auth);
      expect({ who: caller.who, refused: status === 403 }).toEqual({
        who: caller.who,
        refused: false,
      });
      expect(status).not.toBe(500);
    }
  });
});

test('corporate public IPs are changed by an Organization Owner alone (R-NET-2)', () => {
  const writes = all.filter(
    ([name, spec]) => name.startsWith('corporate_ips.') && spec.method !== 'GET',
  );
  expect(writes.length).toBeGreaterThan(0);
  expect(writes.filter(([, spec]) => spec.permission !== 'own')).toEqual([]);
  expect(PERMISSIONS.own).toEqual(['owner']);
});
