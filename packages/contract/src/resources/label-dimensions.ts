/** Label dimensions: role, app, env, loc, and those that an organization adds. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  booleanParam,
  externalDataWrite,
  ifUpdatedAtQuery,
  listQuery,
  nameSchema,
  orgIdParams,
  orgParams,
} from '../shared.ts';
import { labelDimensionSchema, labelKey } from './labels.ts';

const colour = z.string().regex(/^#[0-9a-f]{6}$/i, 'must be a colour, such as #2553bd');
const displayInfoWrite = z
  .strictObject({
    icon: z.string().max(64).describe('Name of an icon, such as role'),
    initial: z
      .string()
      .min(1)
      .max(2)
      .describe('One or two letters in place of the name, such as R'),
    background_color: colour.describe('Color behind the letters, such as #ffffff'),
    foreground_color: colour.describe('Color of the letters, such as #000000'),
    sort_ordinal: z.number().int().min(0).max(1_000_000).describe('Place in lists, such as 1'),
    display_name_plural: nameSchema,
  })
  .partial();
const D = '/orgs/:org_id/label_dimensions';

export const labelDimensionEndpoints = {
  'label_dimensions.list': endpoint({
    method: 'GET',
    path: D,
    permission: 'any',
    tag: 'Labels',
    params: orgParams,
    summary: 'Label dimensions',
    query: z.object({
      ...listQuery,
      key: z.string().max(255).optional().describe('Key of the label dimension, such as role'),
      display_name: z
        .string()
        .max(255)
        .optional()
        .describe('Part of the name, any letter case, such as web'),
      include_deleted: booleanParam.optional(),
    }),
    status: 200,
    answer: 'collection',
    response: labelDimensionSchema,
  }),
  'label_dimensions.get': endpoint({
    method: 'GET',
    path: `${D}/:id`,
    permission: 'any',
    tag: 'Labels',
    params: orgIdParams,
    summary: 'One label dimension',
    status: 200,
    answer: 'json',
    response: labelDimensionSchema,
  }),
  'label_dimensions.create': endpoint({
    method: 'POST',
    path: D,
    permission: 'edit',
    events: ['label_dimension.create'],
    tag: 'Labels',
    params: orgParams,
    summary: 'Adds a label dimension, at most 20 in all; effective at once',
    body: z.strictObject({
      key: labelKey.describe('Key of the label dimension, such as role'),
      display_name: nameSchema,
      display_info: displayInfoWrite.optional().describe('How it is shown'),
      ...externalDataWrite,
    }),
    represents: labelDimensionSchema,
    status: 201,
    answer: 'json',
    response: labelDimensionSchema,
  }),
  'label_dimensions.update': endpoint({
    method: 'PUT',
    path: `${D}/:id`,
    permission: 'edit',
    events: ['label_dimension.update'],
    tag: 'Labels',
    params: orgIdParams,
    summary: 'Changes what a label dimension is called and looks like; the key never changes',
    body: z.strictObject({
      display_name: nameSchema.optional(),
      display_info: displayInfoWrite.optional().describe('How it is shown'),
      ...externalDataWrite,
    }),
    represents: labelDimensionSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'label_dimensions.delete': endpoint({
    method: 'DELETE',
    path: `${D}/:id`,
    permission: 'edit',
    events: ['label_dimension.delete'],
    tag: 'Labels',
    params: orgIdParams,
    summary:
      'Deletes a label dimension that came with no product and that no label or label group has',
    status: 204,
    answer: 'empty',
  }),
};
