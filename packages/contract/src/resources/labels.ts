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
    label_group: z.boolean().describe('true: a label group holds it'),
    ruleset: z.boolean().describe('true: a scope of a ruleset names it'),
    rule: z.boolean().describe('true: a rule names it'),
    static_policy_scopes: z.boolean().describe('true: a scope of the firewall settings names it'),
    firewall_coexistence_scope: z
      .boolean()
      .describe('true: a scope of the firewall settings names it'),
    containers_inherit_host_policy_scopes: z
      .boolean()
      .describe('true: a scope of the firewall settings names it'),
    blocked_connection_reject_scope: z
      .boolean()
      .describe('true: a scope of the firewall settings names it'),
    blocked_connection_reject_scopes: z
      .boolean()
      .describe('true: a scope of the firewall settings names it'),
    enforcement_boundary: z.boolean().describe('true: an enforcement boundary names it'),
    loopback_interfaces_in_policy_scopes: z
      .boolean()
      .describe('true: a scope of the firewall settings names it'),
    virtual_service: z.boolean().describe('true: a virtual service has it'),
  })
  .meta({ id: 'PolicyUsage', description: 'What uses an object' });
export type PolicyUsageWire = z.infer<typeof policyUsageSchema>;

export const labelUsageSchema = z
  .object({
    label_group: z.boolean().describe('true: a label group holds it'),
    ruleset: z.boolean().describe('true: a scope of a ruleset names it'),
    rule: z.boolean().describe('true: a rule names it'),
    static_policy_scopes: z.boolean().describe('true: a scope of the firewall settings names it'),
    pairing_profile: z.boolean().describe('true: a pairing profile gives it'),
    permission: z.boolean().describe('true: the scope of a permission names it'),
    policy_test: z.boolean().describe('true: a policy test names it'),
    workload: z.boolean().describe('true: a workload has it'),
    container_workload: z.boolean().describe('Always false'),
    container_workload_profile: z.boolean().describe('Always false'),
    firewall_coexistence_scope: z
      .boolean()
      .describe('true: a scope of the firewall settings names it'),
    containers_inherit_host_policy_scopes: z
      .boolean()
      .describe('true: a scope of the firewall settings names it'),
    blocked_connection_reject_scope: z
      .boolean()
      .describe('true: a scope of the firewall settings names it'),
    blocked_connection_reject_scopes: z
      .boolean()
      .describe('true: a scope of the firewall settings names it'),
    enforcement_boundary: z.boolean().describe('true: an enforcement boundary names it'),
    loopback_interfaces_in_policy_scopes: z
      .boolean()
      .describe('true: a scope of the firewall settings names it'),
    virtual_service: z.boolean().describe('true: a virtual service has it'),
    virtual_server: z.boolean().describe('Always false'),
  })
  .meta({ id: 'LabelUsage', description: 'What uses a label' });

export const labelSchema = z
  .object({
    href: hrefSchema,
    key: z.string().describe('Key of the label dimension, such as role'),
    value: z.string().describe('Value of the label, such as web'),
    deleted: z.boolean().describe('true: it was deleted, and is kept for what refers to it'),
    ...externalData,
    ...audited,
    usage: labelUsageSchema.optional().describe('What uses it'),
    caps: capsSchema,
  })
  .meta({ id: 'Label', description: 'A value of a label dimension' });
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
    key: z.string().describe('Key of the label dimension, such as role'),
    display_name: z.string().describe('Name for people, such as Application'),
    display_info: z
      .object({
        icon: z.string().optional().describe('Name of the icon, such as role'),
        initial: z.string().describe('One or two letters, such as R'),
        background_color: z.string().describe('Color behind the letters, such as #ffffff'),
        foreground_color: z.string().describe('Color of the letters, such as #000000'),
        sort_ordinal: z.number().int().describe('Place in lists, from small to large, such as 1'),
        display_name_plural: z.string().describe('Name for several, such as Applications'),
      })
      .describe('How it is shown'),
    ...externalData,
    ...audited,
    deleted: z.boolean().describe('true: it was deleted, and is kept for what refers to it'),
    deleted_at: timestampSchema.nullable().describe('When it was deleted; null: it was not'),
    caps: capsSchema,
    usage: z
      .object({
        labels: z.boolean().describe('true: there are labels of it'),
        label_groups: z.boolean().describe('true: there are label groups of it'),
      })
      .describe('What uses it'),
  })
  .meta({ id: 'LabelDimension', description: 'What a kind of labels is about' });
export type LabelDimensionWire = z.infer<typeof labelDimensionSchema>;

const groupRefSchema = z.object({
  href: hrefSchema,
  name: z.string().describe('Name of the label group, such as Web tiers'),
});
export const labelGroupSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name of the label group, such as Web tiers'),
    description: descriptionSchema,
    key: z.string().describe('Key of the label dimension, such as role'),
    labels: z.array(labelRefSchema).describe('Labels, at most one of a dimension'),
    sub_groups: z.array(groupRefSchema).describe('Label groups whose labels are in it, too'),
    ...externalData,
    ...versioned,
    usage: policyUsageSchema.optional().describe('What uses it'),
    caps: capsSchema,
  })
  .meta({ id: 'LabelGroup', description: 'Labels and label groups of one dimension' });
export type LabelGroupWire = z.infer<typeof labelGroupSchema>;
const groupWrite = z.strictObject({
  name: nameSchema.describe('Name of the label group, such as Web tiers'),
  description: descriptionSchema.optional(),
  key: labelKey.describe('Key of the label dimension, such as role'),
  labels: z.array(refSchema).max(10000).optional().describe('Labels, at most one of a dimension'),
  sub_groups: z
    .array(refSchema)
    .max(10000)
    .optional()
    .describe('Label groups whose labels are in it, too'),
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
      key: z.string().optional().describe('Key of the label dimension, such as role'),
      value: z.string().optional().describe('Value of the label, such as web'),
      usage: booleanParam.optional().describe('true: answers also what uses it, such as true'),
      include_deleted: booleanParam.optional().describe('true: deleted ones, too, such as true'),
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
    body: z.strictObject({
      key: labelKey.describe('Key of the label dimension, such as role'),
      value: labelValue.describe('Value of the label, such as web'),
      ...externalDataWrite,
    }),
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
    query: z.object({
      usage: booleanParam.optional().describe('true: answers also what uses it, such as true'),
    }),
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
    body: z.strictObject({
      value: labelValue.optional().describe('Value of the label, such as web'),
      ...externalDataWrite,
    }),
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
      key: z.string().optional().describe('Key of the label dimension, such as role'),
      name: z.string().optional().describe('Name of the label group, such as Web tiers'),
      description: z.string().optional().describe('Free text, such as In the rack by the door'),
      usage: booleanParam.optional().describe('Adds who uses each, such as true'),
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
    query: z.object({ usage: booleanParam.optional().describe('Adds who uses it, such as true') }),
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
