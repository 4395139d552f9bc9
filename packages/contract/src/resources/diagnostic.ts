/** Findings about a policy that is legal but probably not meant so, in the words of the API. */
import { z } from 'zod';
import { DIAGNOSTIC_CODES, DIAGNOSTIC_SEVERITIES } from '@bulkhead/policy';
import { hrefSchema } from '../shared.ts';

export const diagnosticSchema = z
  .object({
    code: z.enum(DIAGNOSTIC_CODES).describe('Stable code of the finding'),
    severity: z
      .enum(DIAGNOSTIC_SEVERITIES)
      .describe(
        'error: it does not do what it says. warning: probably not meant. info: worth knowing',
      ),
    place: z
      .object({
        type: z
          .enum([
            'rule',
            'rule_set',
            'enforcement_boundary',
            'ip_list',
            'label_group',
            'service',
            'workload',
          ])
          .describe('Which kind it is'),
        href: hrefSchema,
        name: z.string().describe('Name, such as Web servers'),
        field: z.string().nullable().describe('Path within the object; null: all of it'),
      })
      .describe('Object that the finding is about'),
    message: z.string().describe('What is wrong, and where, such as The rule has an empty side'),
    remedy: z.string().describe('What would be right, such as Add a scope'),
    related: z.array(hrefSchema).describe('Other objects that it is about'),
    counts: z.record(z.string(), z.number()).describe('Numbers behind the message'),
  })
  .meta({ id: 'Diagnostic', description: 'What is legal but probably wrong' });
export type DiagnosticWire = z.infer<typeof diagnosticSchema>;
