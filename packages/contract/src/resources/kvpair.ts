/** Values that a user's own programs keep with the user: preferences of the console, for one. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';

const params = z.object({
  user_id: z.string().describe('Id of the user: the last part of its href, such as 1'),
  key: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,128}$/)
    .describe('Key of the value, such as console.theme'),
});
const value = z.unknown().describe('Any JSON value but null');
const K = '/users/:user_id/kvpair/:key';

export const kvpairEndpoints = {
  'kvpair.get': endpoint({
    method: 'GET',
    path: K,
    permission: 'self',
    tag: 'Users',
    params,
    summary: 'A value that the user has kept',
    status: 200,
    answer: 'json',
    response: value,
  }),
  'kvpair.update': endpoint({
    method: 'PUT',
    path: K,
    permission: 'self',
    events: { none: 'a preference of the caller, whom alone it concerns' },
    tag: 'Users',
    params,
    summary: 'Keeps a value, up to 64 KB',
    body: value,
    status: 204,
    answer: 'empty',
  }),
  'kvpair.delete': endpoint({
    method: 'DELETE',
    path: K,
    permission: 'self',
    events: { none: 'a preference of the caller, whom alone it concerns' },
    tag: 'Users',
    params,
    summary: 'Forgets a value',
    status: 204,
    answer: 'empty',
  }),
};
