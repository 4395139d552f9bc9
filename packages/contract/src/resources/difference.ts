/** What two versions of a policy decide otherwise, in the words of the API. */
import { z } from 'zod';
import { POLICY_DECISIONS } from '@bulkhead/policy';
import { hrefSchema } from '../shared.ts';
import { policyPortSchema } from './explanation.ts';

const count = z.number().int().describe('How many, such as 3');
const nameCondition = z.object({
  pattern: z.string().describe('DNS name, or *.NAME for every name below, such as *.example.com'),
  except: z.array(z.string()).describe('Without these'),
});
const side = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('workloads').describe('Which of the forms this is'),
      count,
      addresses: count.describe('Of all of them together, such as 12'),
      workloads: z
        .array(
          z.object({
            href: hrefSchema,
            name: z.string().describe('Name of the object, such as Shop: query'),
            addresses: z
              .array(
                z.object({
                  interface_name: z
                    .string()
                    .describe('Network interface of the host, such as eth0'),
                  address: z.string().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
                }),
              )
              .describe('Addresses'),
          }),
        )
        .describe('Workloads'),
    }),
    z.object({
      kind: z.literal('outside').describe('Addresses that no workload has'),
      count,
      spans: z.array(z.string()).describe('Ranges of addresses'),
      names: z.array(nameCondition).describe('Empty: however they were named'),
      except_names: z.array(nameCondition).describe('Names that are not meant'),
    }),
  ])
  .meta({ id: 'DifferenceSide', description: 'Workloads, or addresses that no workload has' });
const program = z.object({
  process: z
    .string()
    .nullable()
    .describe('Path of the program; null: whichever, such as /usr/sbin/nginx'),
  windows_service: z
    .string()
    .nullable()
    .describe('Name of the Windows service, such as TermService'),
  others: z
    .object({
      processes: z.array(z.string()).describe('Paths of programs'),
      windows_services: z
        .array(z.string())
        .describe('Programs and Windows services with their ports'),
    })
    .describe('All but these'),
});
const user = z.object({
  sid: z
    .string()
    .nullable()
    .describe('SID of the group in its directory, such as S-1-5-21-1004-500-7-1106'),
  others: z.array(z.string()).describe('All but these'),
});
const cause = z.discriminatedUnion('kind', [
  z.object({
    kind: z.enum(['rule', 'boundary']).describe('Which of the forms this is'),
    href: hrefSchema.describe('With the version in which it is in force, the later one of two'),
    name: z.string().describe('Name of the object, such as Shop: query'),
    change: z.enum(['added', 'removed', 'changed']).describe('What was done to it'),
  }),
  z.object({
    kind: z.literal('enforcement').describe('Which of the forms this is'),
    end: z.enum(['source', 'destination']).describe('Which end of the connection'),
  }),
  z.object({
    kind: z.literal('ipv6_mode').describe('Which of the forms this is'),
    end: z.enum(['source', 'destination']).describe('Which end of the connection'),
  }),
]);
const entry = z
  .object({
    consumers: side.describe('Who connects'),
    providers: side.describe('Who offers the services'),
    services: z.array(policyPortSchema).describe('Protocols and ports'),
    except: z.array(policyPortSchema).describe('Without these'),
    program: program.nullable().describe('Null: whichever program answers'),
    user: user.nullable().describe('Null: whoever connects'),
    from: z.enum(POLICY_DECISIONS).describe('Decision before'),
    to: z.enum(POLICY_DECISIONS).describe('Decision after'),
    because: z.array(cause).describe('What causes it'),
  })
  .meta({
    id: 'DifferenceEntry',
    description: 'Connections that one state decides otherwise than the other',
  });
const totals = z.object({
  entries: count.describe('Entries of all, also those that are not listed, such as 3'),
  pairs: count.describe('Pairs of addresses of two workloads, such as 24'),
  with_outside: count.describe('Addresses of workloads, towards addresses outside, such as 6'),
});
const totalsOfBoth = z.object({
  gained: totals.describe('Less is blocked than before'),
  lost: totals.describe('More is blocked than before'),
});

/** `gained`: less is blocked in `to` than in `from`. `lost`: more is. */
export const policyDifferenceSchema = z
  .object({
    from: z.string().describe('Earlier state, such as active'),
    to: z.string().describe('Later state, such as draft'),
    gained: z.array(entry).describe('Less is blocked than before'),
    lost: z.array(entry).describe('More is blocked than before'),
    truncated: z.boolean().describe('true: there are more than are listed; the counts are of all'),
    totals: totalsOfBoth.describe('Counts of all, also of what is not listed'),
  })
  .meta({
    id: 'PolicyDifference',
    description: 'Connections that one state decides otherwise than the other',
  });
export type PolicyDifferenceWire = z.infer<typeof policyDifferenceSchema>;
