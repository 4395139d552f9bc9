/** What two versions of a policy decide otherwise, in the words of the API. */
import { z } from 'zod';
import { POLICY_DECISIONS } from '@bulkhead/policy';
import { hrefSchema } from '../shared.ts';
import { policyPortSchema } from './explanation.ts';

const count = z.number().int();
const nameCondition = z.object({ pattern: z.string(), except: z.array(z.string()) });
const side = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('workloads'),
      count,
      addresses: count.describe('Of all of them together'),
      workloads: z.array(
        z.object({
          href: hrefSchema,
          name: z.string(),
          addresses: z.array(z.object({ interface_name: z.string(), address: z.string() })),
        }),
      ),
    }),
    z.object({
      kind: z.literal('outside').describe('Addresses that no workload has'),
      count,
      spans: z.array(z.string()),
      names: z.array(nameCondition).describe('Empty: however they were named'),
      except_names: z.array(nameCondition),
    }),
  ])
  .meta({ id: 'DifferenceSide' });
const program = z.object({
  process: z.string().nullable(),
  windows_service: z.string().nullable(),
  others: z.object({ processes: z.array(z.string()), windows_services: z.array(z.string()) }),
});
const user = z.object({ sid: z.string().nullable(), others: z.array(z.string()) });
const cause = z.discriminatedUnion('kind', [
  z.object({
    kind: z.enum(['rule', 'boundary']),
    href: hrefSchema.describe('With the version in which it is in force, the later one of two'),
    name: z.string(),
    change: z.enum(['added', 'removed', 'changed']),
  }),
  z.object({ kind: z.literal('enforcement'), end: z.enum(['source', 'destination']) }),
  z.object({ kind: z.literal('ipv6_mode'), end: z.enum(['source', 'destination']) }),
]);
const entry = z
  .object({
    consumers: side,
    providers: side,
    services: z.array(policyPortSchema),
    except: z.array(policyPortSchema),
    program: program.nullable().describe('Null: whichever program answers'),
    user: user.nullable().describe('Null: whoever connects'),
    from: z.enum(POLICY_DECISIONS),
    to: z.enum(POLICY_DECISIONS),
    because: z.array(cause),
  })
  .meta({ id: 'DifferenceEntry' });
const totals = z.object({
  entries: count,
  pairs: count.describe('Pairs of addresses of two workloads'),
  with_outside: count.describe('Addresses of workloads, towards addresses outside'),
});
const totalsOfBoth = z.object({ gained: totals, lost: totals });

/** `gained`: less is blocked in `to` than in `from`. `lost`: more is. */
export const policyDifferenceSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    gained: z.array(entry),
    lost: z.array(entry),
    truncated: z.boolean(),
    totals: totalsOfBoth,
  })
  .meta({ id: 'PolicyDifference' });
export type PolicyDifferenceWire = z.infer<typeof policyDifferenceSchema>;
