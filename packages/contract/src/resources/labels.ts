import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  booleanParam,
  capsSchema,
  descriptionSchema,
  externalData,
  externalDataWrite,
  hrefSchema,
  ifUpdatedAtQuery,
  labelRefSchema,
  listQuery,
  nameSchema,
  orgIdParams,
  orgParams,
  refSchema,
  timestampSchema,
  versionIdParams,
  versionParams,
  versioned,
} from '../shared.ts';

/** Who uses a label group or a virtual service, in draft or active policy. */
export const policyUsageSchema = z
  .object({
    label_group: z.boolean(),
    ruleset: z.boolean(),
    rule: z.boolean(),
    static_policy_scopes: z.boolean(),
    firewall_coexistence_scope: z.boolean(),
    containers_inherit_host_policy_scopes: z.boolean(),
    blocked_connection_reject_scope: z.boolean(),
    blocked_connection_reject_scopes: z.boolean(),
    enforcement_boundary: z.boolean(),
    loopback_interfaces_in_policy_scopes: z.boolean(),
    virtual_service: z.boolean(),
  })
  .meta({ id: 'PolicyUsage' });
export type PolicyUsageWire = z.infer<typeof policyUsageSchema>;

export const labelUsageSchema = z
  .object({
    label_group: z.boolean(),
    ruleset: z.boolean(),
    rule: z.boolean(),
    static_policy_scopes: z.boolean(),
    pairing_profile: z.boolean(),
    permission: z.boolean(),
    workload: z.boolean(),
    container_workload: z.boolean(),
    container_workload_profile: z.boolean(),
    firewall_coexistence_scope: z.boolean(),
    containers_inherit_host_policy_scopes: z.boolean(),
    blocked_connection_reject_scope: z.boolean(),
    blocked_connection_reject_scopes: z.boolean(),
    enforcement_boundary: z.boolean(),
    loopback_interfaces_in_policy_scopes: z.boolean(),
    virtual_service: z.boolean(),
    virtual_server: z.boolean(),
  })
  .meta({ id: 'LabelUsage' });

export const labelSchema = z
  .object({
    href: hrefSchema,
    key: z.string(),
    value: z.string(),
    deleted: z.boolean(),
    ...externalData,
    ...audited,
    usage: labelUsageSchema.optional(),
    caps: capsSchema,
  })
  .meta({ id: 'Label' });
export type LabelWire = z.infer<typeof labelSchema>;

export const labelKey = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,63}$/,
    'must be the key of a label dimension, such as role, app, env or loc',
  );
const labelValue = z.string().trim().min(1, 'must not be empty').max(255);

export const labelDimensionSchema = z
  .object({
    href: hrefSchema,
    key: z.string(),
    display_name: z.string(),
    display_info: z.object({
      icon: z.string().optional(),
      initial: z.string(),
      background_color: z.string(),
      foreground_color: z.string(),
      sort_ordinal: z.number().int(),
      display_name_plural: z.string(),
    }),
    ...externalData,
    ...audited,
    deleted: z.boolean(),
    deleted_at: timestampSchema.nullable(),
    caps: capsSchema,
    usage: z.object({ labels: z.boolean(), label_groups: z.boolean() }),
  })
  .meta({ id: 'LabelDimension' });
export type LabelDimensionWire = z.infer<typeof labelDimensionSchema>;

const groupRefSchema = z.object({ href: hrefSchema, name: z.string() });
export const labelGroupSchema = z
  .object({
    href: hrefSchema,
    name: z.string(),
    description: descriptionSchema,
    key: z.string(),
    labels: z.array(labelRefSchema),
    sub_groups: z.array(groupRefSchema),
    ...externalData,
    ...versioned,
    usage: policyUsageSchema.optional(),
    caps: capsSchema,
  })
  .meta({ id: 'LabelGroup' });
export type LabelGroupWire = z.infer<typeof labelGroupSchema>;
const groupWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  key: labelKey,
  labels: z.array(refSchema).max(10000).optional(),
  sub_groups: z.array(refSchema).max(10000).optional(),
  ...externalDataWrite,
});

export const labelEndpoints = {
  'labels.list': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/labels',
    permission: 'any',
    tag: 'Labels',
    params: orgParams,
    summary: 'Labels',
    query: z.object({
      ...listQuery,
      key: z.string().optional(),
      value: z.string().optional(),
      usage: booleanParam.optional(),
      include_deleted: booleanParam.optional(),
    }),
    status: 200,
    answer: 'collection',
    response: labelSchema,
  }),
  'labels.create': endpoint({
    method: 'POST',
    path: '/orgs/:org_id/labels',
    permission: 'edit',
    events: ['label.create'],
    tag: 'Labels',
    params: orgParams,
    summary: 'Creates a label; effective at once',
    body: z.strictObject({ key: labelKey, value: labelValue, ...externalDataWrite }),
    represents: labelSchema,
    status: 201,
    answer: 'json',
    response: labelSchema,
  }),
  'labels.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/labels/:id',
    permission: 'any',
    tag: 'Labels',
    params: orgIdParams,
    summary: 'One label',
    query: z.object({ usage: booleanParam.optional() }),
    status: 200,
    answer: 'json',
    response: labelSchema,
  }),
  'labels.update': endpoint({
    method: 'PUT',
    path: '/orgs/:org_id/labels/:id',
    permission: 'edit',
    events: ['label.update'],
    tag: 'Labels',
    params: orgIdParams,
    summary: 'Changes the value; the key never changes',
    body: z.strictObject({ value: labelValue.optional(), ...externalDataWrite }),
    represents: labelSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'labels.delete_many': endpoint({
    method: 'PUT',
    path: '/orgs/:org_id/labels/delete',
    permission: 'edit',
    events: ['label.delete'],
    tag: 'Labels',
    params: orgParams,
    summary: 'Deletes labels: all of them or, when something uses one, none',
    body: z.strictObject({ hrefs: z.array(hrefSchema).min(1).max(1000) }),
    status: 204,
    answer: 'empty',
  }),
  'labels.delete': endpoint({
    method: 'DELETE',
    path: '/orgs/:org_id/labels/:id',
    permission: 'edit',
    events: ['label.delete'],
    tag: 'Labels',
    params: orgIdParams,
    summary: 'Deletes a label that nothing uses',
    status: 204,
    answer: 'empty',
  }),
  'label_groups.list': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/sec_policy/:pversion/label_groups',
    permission: 'any',
    tag: 'Labels',
    params: versionParams,
    summary: 'Label groups',
    query: z.object({
      ...listQuery,
      key: z.string().optional(),
      name: z.string().optional(),
      description: z.string().optional(),
      usage: booleanParam.optional().describe('Adds who uses each'),
    }),
    status: 200,
    answer: 'collection',
    response: labelGroupSchema,
  }),
  'label_groups.create': endpoint({
    method: 'POST',
    path: '/orgs/:org_id/sec_policy/:pversion/label_groups',
    permission: 'edit',
    events: ['label_group.create'],
    tag: 'Labels',
    params: versionParams,
    summary: 'Creates a label group in draft',
    body: groupWrite,
    represents: labelGroupSchema,
    status: 201,
    answer: 'json',
    response: labelGroupSchema,
  }),
  'label_groups.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/sec_policy/:pversion/label_groups/:id',
    permission: 'any',
    tag: 'Labels',
    params: versionIdParams,
    summary: 'One label group',
    query: z.object({ usage: booleanParam.optional().describe('Adds who uses it') }),
    status: 200,
    answer: 'json',
    response: labelGroupSchema,
  }),
  'label_groups.member_of': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/sec_policy/:pversion/label_groups/:id/member_of',
    permission: 'any',
    tag: 'Labels',
    params: versionIdParams,
    summary: 'Label groups that hold a label group, directly or through others',
    status: 200,
    answer: 'collection',
    response: groupRefSchema,
  }),
  'label_groups.all_labels': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/sec_policy/:pversion/label_groups/:id/all_labels',
    permission: 'any',
    tag: 'Labels',
    params: versionIdParams,
    summary: 'Labels of a label group and of all groups in it',
    status: 200,
    answer: 'collection',
    response: labelRefSchema,
  }),
  'label_groups.update': endpoint({
    method: 'PUT',
    path: '/orgs/:org_id/sec_policy/:pversion/label_groups/:id',
    permission: 'edit',
    events: ['label_group.update'],
    tag: 'Labels',
    params: versionIdParams,
    summary: 'Changes a label group in draft',
    body: groupWrite.omit({ key: true }).partial(),
    represents: labelGroupSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'label_groups.delete': endpoint({
    method: 'DELETE',
    path: '/orgs/:org_id/sec_policy/:pversion/label_groups/:id',
    permission: 'edit',
    events: ['label_group.delete'],
    tag: 'Labels',
    params: versionIdParams,
    summary: 'Deletes a label group in draft',
    status: 204,
    answer: 'empty',
  }),
};
