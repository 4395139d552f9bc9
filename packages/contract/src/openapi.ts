/** OpenAPI 3.1 of the endpoint table. Pure: the same table gives the same document, so that a change of the API is a change of a file. */
import { z } from 'zod';
import { eventsOf, type EndpointSpec } from './endpoint.ts';
import { apiErrorsSchema } from './errors.ts';
import { PERMISSIONS, ROLE_NAMES } from './permissions.ts';

type Json = Record<string, unknown>;

interface Components {
  readonly schemas: Record<string, Json>;
}

/** Moves the named definitions of a schema into the document's components and points at them there. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Components): Json {
  const converted = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    reused: 'inline',
  }) as Json;
  const { $defs, $schema: _dialect, ...own } = converted;
  for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, Json>)) {
    components.schemas[name] ??= relocate(definition) as Json;
  }
  const located = relocate(own) as Json;
  const { id } = located;
  if (typeof id !== 'string') return located;
  const { id: _id, ...named } = located;
  components.schemas[id] ??= named;
  return { $ref: `#/components/schemas/${id}` };
}

function relocate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocate);
  if (value === null || typeof value !== 'object') return value;
  return withExample(
    Object.fromEntries(
      Object.entries(value).map(([key, member]) =>
        key === '$ref' && typeof member === 'string'
          ? [key, member.replace('#/$defs/', '#/components/schemas/')]
          : [key, relocate(member)],
      ),
    ),
  );
}

/** Descriptions end in their example, where they have one: `Port of the service, such as 443`. */
const EXAMPLE = /^(?<text>.*), such as (?<example>.*)$/s;

function withExample(schema: Json): Json {
  const { description } = schema;
  const kind = kindOf(schema);
  const found = typeof description === 'string' ? EXAMPLE.exec(description)?.groups : undefined;
  if (found === undefined || kind === undefined) return schema;
  const example = kind === 'number' ? Number(found['example']) : found['example'];
  if (Number.isNaN(example)) return schema;
  return { ...schema, description: found['text'], examples: [example] };
}

/** What one example of a schema is; undefined: it is of many values or lists those that it has. */
function kindOf(schema: Json): 'text' | 'number' | undefined {
  const { type, anyOf } = schema;
  if (Array.isArray(anyOf)) {
    const kinds = anyOf.map((one: Json) => kindOf(one));
    return kinds.find((kind) => kind !== undefined);
  }
  if ('enum' in schema || 'const' in schema) return undefined;
  if (type === 'integer' || type === 'number') return 'number';
  return type === 'string' ? 'text' : undefined;
}

function parameters(spec: EndpointSpec, components: Components): Json[] {
  const inPath = parametersOf(spec.params, 'path', components);
  const order = [...spec.path.matchAll(/:([a-z_]+)/g)].map(([, name]) => name);
  return [
    ...inPath.toSorted(
      (a, b) => order.indexOf(String(a['name'])) - order.indexOf(String(b['name'])),
    ),
    ...parametersOf(spec.query, 'query', components),
  ];
}

function parametersOf(
  schema: z.ZodType | undefined,
  place: 'path' | 'query',
  components: Components,
): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input', components) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function answer(spec: EndpointSpec, components: Components): Json {
  if (spec.response === undefined) return { description: spec.summary };
  const item = schemaOf(spec.response, 'output', components);
  const schema = spec.answer === 'collection' ? { type: 'array', items: item } : item;
  const headers =
    spec.answer === 'collection'
      ? {
          'X-Total-Count': {
            description: 'How many match the filter, regardless of max_results',
            schema: { type: 'integer' },
          },
        }
      : undefined;
  return {
    description: spec.summary,
    ...(headers === undefined ? {} : { headers }),
    content: { 'application/json': { schema } },
  };
}

/** Of every collection. */
const PREFER: Json = {
  name: 'Prefer',
  in: 'header',
  required: false,
  description: 'respond-async: the collection is collected by a job, without limit',
  schema: { type: 'string', examples: ['respond-async'] },
};
const LATER: Json = {
  description: 'Taken on for later (Prefer: respond-async)',
  headers: {
    Location: { description: 'Href of the job, to be polled', schema: { type: 'string' } },
    'Retry-After': { description: 'Seconds until the next poll', schema: { type: 'integer' } },
  },
};

function operation(name: string, spec: EndpointSpec, components: Components): Json {
  const roles = PERMISSIONS[spec.permission].map((role) => ROLE_NAMES[role]);
  const isLater = spec.answer === 'collection' && spec.permission !== 'ven';
  const who =
    spec.permission === 'public'
      ? 'No sign-in.'
      : spec.permission === 'ven'
        ? 'An activated VEN, with its own token.'
        : `For: ${roles.join(', ')}.`;
  const security =
    spec.permission === 'public' ? [] : spec.permission === 'ven' ? [{ ven: [] }] : [{ basic: [] }];
  const body =
    spec.body === undefined
      ? {}
      : {
          requestBody: {
            required: spec.bodyOptional !== true,
            content: {
              [spec.bodyIsText === true ? 'text/plain' : 'application/json']: {
                schema: schemaOf(spec.body, 'input', components),
              },
            },
          },
        };
  const events = eventsOf(spec) ?? [];
  const audit =
    events.length === 0
      ? ''
      : ` Leaves the event ${events.map((type) => `\`${type}\``).join(' or ')}.`;
  return {
    operationId: name,
    tags: [spec.tag],
    summary: spec.summary,
    description: who + audit,
    security,
    parameters: [...parameters(spec, components), ...(isLater ? [PREFER] : [])],
    ...body,
    responses: {
      [spec.status]: answer(spec, components),
      ...(isLater ? { 202: LATER } : {}),
      default: {
        description: 'An error: what is wrong, where, and what would be right',
        content: {
          'application/json': { schema: schemaOf(apiErrorsSchema, 'output', components) },
        },
      },
    },
  };
}

/** The whole document. Operations in the order of the table, components sorted by name. */
export function openApiDocument(
  table: Readonly<Record<string, EndpointSpec>>,
  version: string,
): Json {
  const components: Components = { schemas: {} };
  const paths: Record<string, Json> = {};
  for (const [name, spec] of Object.entries(table)) {
    const path = spec.path.replaceAll(/:([a-z_]+)/g, '{$1}');
    const methods = (paths[path] ??= {});
    methods[spec.method.toLowerCase()] = operation(name, spec, components);
  }
  const sorted = Object.entries(components.schemas).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Bulkhead PCE REST API',
      version,
      description:
        'The public REST API v2 of the policy compute engine. Every /api/vN is the same API. An href is the path after /api/v2.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v2' }],
    paths,
    components: {
      schemas: Object.fromEntries(sorted),
      securitySchemes: {
        basic: {
          type: 'http',
          scheme: 'basic',
          description: 'API key and secret, or user and session token',
        },
        ven: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}
