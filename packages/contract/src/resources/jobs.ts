/** Jobs and data files: how a collection that was asked for with `Prefer: respond-async` is answered later. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  hrefSchema,
  orgIdParams,
  orgParams,
  pageQuery,
  refSchema,
  timestampSchema,
} from '../shared.ts';

export const JOB_STATUSES = ['pending', 'running', 'done', 'failed'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];
/** Type of the jobs that collect a collection. */
export const COLLECTION_JOB = ':illumio/async_requests';

const jobSchema = z
  .object({
    href: hrefSchema,
    job_type: z.string().describe('What kind of work it is, such as :illumio/async_requests'),
    description: z
      .string()
      .describe('Path of the collection that was asked for, such as /orgs/1/labels'),
    status: z.enum(JOB_STATUSES).describe('How far it is'),
    result: z
      .object({
        href: hrefSchema.optional().describe('Data file, once the job is done'),
        message: z.string().optional().describe('Why it failed, such as The disk is full'),
      })
      .describe('Empty while it runs'),
    requested_at: timestampSchema,
    requested_by: refSchema,
    terminated_at: timestampSchema.nullable().describe('When it ended; null: it runs'),
  })
  .meta({ id: 'Job', description: 'Work that was accepted, and how far it is' });
export type JobWire = z.infer<typeof jobSchema>;

const J = '/orgs/:org_id/jobs';
export const jobEndpoints = {
  'jobs.list': endpoint({
    method: 'GET',
    path: J,
    permission: 'any',
    tag: 'Jobs',
    params: orgParams,
    summary: "The caller's jobs of the last 24 hours, newest first",
    query: z.object({
      ...pageQuery,
      job_type: z
        .string()
        .max(255)
        .optional()
        .describe('Exactly this type, such as rule_set.update'),
    }),
    status: 200,
    answer: 'collection',
    response: jobSchema,
  }),
  'jobs.get': endpoint({
    method: 'GET',
    path: `${J}/:id`,
    permission: 'any',
    tag: 'Jobs',
    params: orgIdParams,
    summary: 'How far a job is; while it runs the answer says Retry-After',
    status: 200,
    answer: 'json',
    response: jobSchema,
  }),
  'jobs.delete': endpoint({
    method: 'DELETE',
    path: `${J}/:id`,
    permission: 'any',
    events: ['job.delete'],
    tag: 'Jobs',
    params: orgIdParams,
    summary: 'Ends a job and deletes its data file: its user, or who may edit everything',
    status: 204,
    answer: 'empty',
  }),
  'datafiles.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/datafiles/:id',
    permission: 'any',
    tag: 'Jobs',
    params: orgIdParams,
    summary: 'What a job collected: the array of the collection, without limit; kept for 24 hours',
    query: z.object({
      filename: z
        .string()
        .max(255)
        .optional()
        .describe('Name under which a browser saves it, such as labels.json'),
    }),
    status: 200,
    answer: 'raw',
  }),
};
