/** Operations on many workloads at once, and on parts of one. */
import { z } from 'zod';
import { ENFORCEMENT_MODES, LINK_STATES, VISIBILITY_LEVELS } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  bulkResultSchema,
  hrefSchema,
  optionalText,
  orgIdParams,
  orgParams,
  refSchema,
  timestampSchema,
} from '../shared.ts';
import { unpairAnswerSchema } from './vens.ts';
import { interfaceSchema, workloadSchema } from './workloads.ts';

const W = '/orgs/:org_id/workloads';
const interfaceParams = z.object({
  org_id: z.string().describe('Number of the organization, such as 1'),
  id: z.string().describe('Id of the object: the last part of its href, such as 7'),
  name: z.string().describe('Name of the interface, such as eth0'),
});
const workloadRefs = z.array(refSchema).min(1).max(1000).describe('The workloads, at most 1000');
const labelKeys = z.array(z.string().min(1).max(64)).max(64);

/** Firewall of the host after unpairing, in the words of the old form. */
export const IP_TABLE_RESTORES = ['saved', 'default', 'disable'] as const;

const openPortSchema = z.unknown().describe('Protocol, port, address, process name, user');

export const workloadOperationEndpoints = {
  'workloads.bulk_delete': endpoint({
    method: 'PUT',
    path: `${W}/bulk_delete`,
    perItem: true,
    permission: 'wl',
    events: ['workload.delete'],
    tag: 'Workloads',
    params: orgParams,
    summary: 'Deletes up to 1000 unmanaged workloads, each in its own transaction',
    body: z.array(z.unknown()).max(1000).describe('References: {href}'),
    status: 200,
    answer: 'json',
    response: z.array(bulkResultSchema),
  }),
  'workloads.set_labels': endpoint({
    method: 'PUT',
    path: `${W}/set_labels`,
    permission: 'wl',
    events: ['workloads.set_labels'],
    tag: 'Workloads',
    params: orgParams,
    summary: 'Gives workloads labels: all of them or, when something is wrong, none',
    body: z.strictObject({
      workloads: workloadRefs,
      labels: z.array(refSchema).max(64).describe('Replace the labels of their keys'),
      delete_existing_keys: labelKeys.optional().describe('Keys whose labels are taken off before'),
    }),
    status: 204,
    answer: 'empty',
  }),
  'workloads.remove_labels': endpoint({
    method: 'PUT',
    path: `${W}/remove_labels`,
    permission: 'wl',
    events: ['workloads.remove_labels'],
    tag: 'Workloads',
    params: orgParams,
    summary:
      'Takes the labels of some keys off workloads: off all of them or, when something is wrong, off none',
    body: z.strictObject({
      workloads: workloadRefs,
      keys: labelKeys.min(1).describe('Label dimensions'),
    }),
    status: 204,
    answer: 'empty',
  }),
  'workloads.update_many': endpoint({
    method: 'PUT',
    path: `${W}/update`,
    permission: 'wl',
    events: ['workloads.update'],
    tag: 'Workloads',
    params: orgParams,
    summary:
      'Sets enforcement and visibility of many workloads: of all or, when something is wrong, of none',
    body: z.strictObject({
      workloads: workloadRefs,
      enforcement_mode: z
        .enum(ENFORCEMENT_MODES)
        .optional()
        .describe(
          'What the host does: nothing, watch, block by boundaries, block what no rule allows',
        ),
      visibility_level: z
        .enum(VISIBILITY_LEVELS)
        .optional()
        .describe('How much of its flows the host reports'),
    }),
    status: 204,
    answer: 'empty',
  }),
  'workloads.unpair': endpoint({
    method: 'PUT',
    path: `${W}/unpair`,
    permission: 'wl',
    events: ['workloads.unpair'],
    tag: 'Workloads',
    params: orgParams,
    summary: 'Old form of vens/unpair: unpairs the VENs of these workloads',
    body: z.strictObject({
      workloads: workloadRefs,
      ip_table_restore: z.enum(IP_TABLE_RESTORES).optional().describe('Default: default'),
    }),
    status: 200,
    answer: 'json',
    response: unpairAnswerSchema,
  }),
  'workloads.bulk_read': endpoint({
    method: 'POST',
    path: `${W}/bulk_read`,
    permission: 'any',
    tag: 'Workloads',
    params: orgParams,
    summary: 'Workloads by their hrefs, in their order; what does not exist is left out',
    body: z.strictObject({ workloads: workloadRefs }),
    reads: true,
    status: 200,
    answer: 'json',
    response: z.array(workloadSchema),
  }),
  'workload_interfaces.list': endpoint({
    method: 'GET',
    path: `${W}/:id/interfaces`,
    permission: 'any',
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'Interfaces of a workload, one item per address',
    status: 200,
    answer: 'collection',
    response: interfaceSchema,
  }),
  'workload_interfaces.create': endpoint({
    method: 'POST',
    path: `${W}/:id/interfaces`,
    permission: 'wl',
    events: ['workload.update'],
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'Adds an interface to an unmanaged workload',
    body: z.strictObject({
      name: z.string().min(1).max(64).describe('Name of the interface, such as eth0'),
      address: z
        .string()
        .max(64)
        .optional()
        .describe('Without a prefix length, such as 192.0.2.10'),
      cidr_block: z
        .number()
        .int()
        .min(0)
        .max(128)
        .nullable()
        .optional()
        .describe('Length of the prefix, such as 24'),
      default_gateway_address: z
        .string()
        .max(64)
        .nullable()
        .optional()
        .describe('Gateway of the interface, such as 192.0.2.1'),
      link_state: z.enum(LINK_STATES).describe('State of the link'),
      friendly_name: optionalText.describe('Name of the interface for people, such as Ethernet 2'),
    }),
    represents: interfaceSchema,
    status: 201,
    answer: 'json',
    response: interfaceSchema,
  }),
  'workload_interfaces.get': endpoint({
    method: 'GET',
    path: `${W}/:id/interfaces/:name`,
    permission: 'any',
    tag: 'Workloads',
    params: interfaceParams,
    summary: 'One interface of a workload: its first address',
    status: 200,
    answer: 'json',
    response: interfaceSchema,
  }),
  'workload_interfaces.delete': endpoint({
    method: 'DELETE',
    path: `${W}/:id/interfaces/:name`,
    permission: 'wl',
    events: ['workload.update'],
    tag: 'Workloads',
    params: interfaceParams,
    summary: 'Takes an interface, with all its addresses, off an unmanaged workload',
    status: 204,
    answer: 'empty',
  }),
  'workload_interfaces.delete_many': endpoint({
    method: 'PUT',
    path: `${W}/:id/interfaces/delete`,
    permission: 'wl',
    events: ['workload.update'],
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'Takes interfaces off an unmanaged workload',
    body: z.strictObject({
      hrefs: z
        .array(hrefSchema)
        .min(1)
        .max(1000)
        .describe('Hrefs of the objects that are concerned'),
    }),
    status: 204,
    answer: 'empty',
  }),
  'ignored_interfaces.get': endpoint({
    method: 'GET',
    path: `${W}/:id/ignored_interfaces`,
    permission: 'any',
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'Names of the interfaces that policy passes over',
    status: 200,
    answer: 'json',
    response: z.array(z.string()),
  }),
  'ignored_interfaces.update': endpoint({
    method: 'PUT',
    path: `${W}/:id/ignored_interfaces`,
    permission: 'wl',
    events: ['workload.update'],
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'Sets the names of the interfaces that policy passes over',
    body: z.array(z.string().min(1).max(64)).max(1000),
    status: 204,
    answer: 'empty',
  }),
  'workloads.service_report': endpoint({
    method: 'GET',
    path: `${W}/:id/service_reports/latest`,
    permission: 'any',
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'What its VEN reported last of services that listen',
    status: 200,
    answer: 'json',
    response: z.object({
      uptime_seconds: z
        .number()
        .nullable()
        .describe('Seconds since the host started, such as 86400'),
      created_at: timestampSchema.nullable().describe('When it was reported'),
      open_service_ports: z.array(openPortSchema).describe('Ports on which programs listen'),
    }),
  }),
  'workloads.recalc_rules': endpoint({
    method: 'POST',
    path: `${W}/:id/recalc_rules`,
    permission: 'wl',
    events: ['workload.recalc_rules'],
    tag: 'Workloads',
    params: orgIdParams,
    summary:
      'Reads the workload anew into the policy; its VEN is told when that makes a difference',
    bodyOptional: true,
    body: z.object({}),
    status: 204,
    answer: 'empty',
  }),
  'workloads.redetect_network': endpoint({
    method: 'POST',
    path: `${W}/:id/redetect_network`,
    permission: 'wl',
    events: ['workload.redetect_network'],
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'Asks its VEN for a new detection of the network profile (R-NET-3)',
    bodyOptional: true,
    body: z.object({}),
    status: 204,
    answer: 'empty',
  }),
  'workloads.risk_details': endpoint({
    method: 'GET',
    path: `${W}/:id/risk_details`,
    permission: 'any',
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'Empty: nothing here rates risks',
    status: 200,
    answer: 'json',
    response: z.object({}),
  }),
  'workloads.detected_vulnerabilities': endpoint({
    method: 'GET',
    path: `${W}/:id/detected_vulnerabilities`,
    permission: 'any',
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'Empty: nothing here scans for vulnerabilities',
    status: 200,
    answer: 'collection',
    response: z.object({ href: hrefSchema }),
  }),
};
