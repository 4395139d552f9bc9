/** The published description of the API, as far as a stranger needs it to send requests. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export type Schema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Schema;
}
export interface AnswerDescription {
  /** Undefined: no JSON. */
  readonly schema: Schema | undefined;
  readonly headers: readonly string[];
}
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** Below `/api/v2`, with parameters in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Schema of a JSON body. */
  readonly body: Schema | undefined;
  /** Type of a body that is no JSON. */
  readonly otherType: string | undefined;
  readonly answers: ReadonlyMap<number, AnswerDescription>;
}
export interface Description {
  readonly operations: readonly Operation[];
  /** Follows a reference to a named schema. */
  resolve(schema: Schema): Schema;
  /** A validator of JSON that is described by a schema. */
  validator(schema: Schema): z.ZodType;
}

const FILE = new URL('../../../../../docs/openapi.json', import.meta.url);
const record = z.record(z.string(), z.unknown());
const content = z.object({
  content: z.record(z.string(), z.object({ schema: record })).default({}),
});
const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        parameters: z
          .array(
            z.object({ name: z.string(), in: z.enum(['path', 'query', 'header']), schema: record }),
          )
          .default([]),
        requestBody: content.optional(),
        responses: z.record(
          z.string(),
          content.extend({ headers: z.record(z.string(), z.unknown()).default({}) }),
        ),
      }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), record) }),
});

export function readDescription(): Description {
  const { paths, components } = documentSchema.parse(JSON.parse(readFileSync(FILE, 'utf8')));
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      parameters: operation.parameters,
      body: operation.requestBody?.content['application/json']?.schema,
      otherType: Object.keys(operation.requestBody?.content ?? {}).find(
        (type) => type !== 'application/json',
      ),
      answers: new Map(
        Object.entries(operation.responses)
          .filter(([status]) => status !== 'default')
          .map(([status, { content, headers }]) => [
            Number(status),
            { schema: content['application/json']?.schema, headers: Object.keys(headers) },
          ]),
      ),
    })),
  );
  const validators = new Map<Schema, z.ZodType>();
  return {
    operations,
    resolve: (schema) => {
      const { $ref: reference } = schema;
      if (typeof reference !== 'string') return schema;
      return components.schemas[reference.split('/').at(-1) ?? ''] ?? {};
    },
    validator(schema) {
      const known = validators.get(schema);
      if (known !== undefined) return known;
      const whole = relocated({ ...schema, $defs: components.schemas });
      const made = z.fromJSONSchema(whole as Parameters<typeof z.fromJSONSchema>[0]);
      validators.set(schema, made);
      return made;
    },
  };
}

function relocated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocated);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string'
        ? member.replace('#/components/schemas/', '#/$defs/')
        : relocated(member),
    ]),
  );
}
