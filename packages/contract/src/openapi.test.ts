import { expect, test } from 'vitest';
import { z } from 'zod';
import { endpoints, openApiDocument } from './index.ts';

type Json = Record<string, unknown>;

const document = openApiDocument(endpoints, '0');

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function component(reference: unknown): Json {
  const name = String(reference).split('/').at(-1) ?? '';
  const { schemas } = z
    .object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(document['components']);
  return schemas[name] ?? {};
}

interface Member {
  /** As a reader of the contract finds it: `Label.key`. */
  readonly at: string;
  readonly schema: Json;
  readonly description: unknown;
}

/** Every member of every schema, and every parameter. */
function membersIn(value: unknown, at: string): Member[] {
  if (Array.isArray(value)) return value.flatMap((item) => membersIn(item, at));
  if (!isObject(value)) return [];
  const own = isObject(value['properties'])
    ? Object.entries(value['properties']).map(([name, schema]) => memberOf(`${at}.${name}`, schema))
    : [];
  const inner = Object.entries(value).flatMap(([key, member]) => {
    if (key === 'examples') return [];
    if (key === 'properties' && isObject(member))
      return Object.entries(member).flatMap(([name, schema]) => membersIn(schema, `${at}.${name}`));
    return membersIn(member, at);
  });
  return [...own, ...inner];
}

function memberOf(at: string, schema: unknown): Member {
  const own = isObject(schema) ? schema : {};
  const referred = '$ref' in own ? component(own['$ref']) : {};
  return { at, schema: own, description: own['description'] ?? referred['description'] };
}

function parametersIn(operation: Json, name: string): Member[] {
  const parameters = z
    .array(
      z.object({
        name: z.string(),
        description: z.unknown().optional(),
        schema: z.unknown().optional(),
      }),
    )
    .parse(operation['parameters'] ?? []);
  return parameters.map((parameter) => ({
    at: `${name}?${parameter.name}`,
    schema: isObject(parameter.schema) ? parameter.schema : {},
    description: parameter.description,
  }));
}

function allMembers(): Member[] {
  const { schemas } = z
    .object({ schemas: z.record(z.string(), z.unknown()) })
    .parse(document['components']);
  const paths = z
    .record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown())))
    .parse(document['paths']);
  return [
    ...Object.entries(schemas).flatMap(([name, schema]) => membersIn(schema, name)),
    ...Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap((operation) => {
        const name = String(operation['operationId']);
        return [
          ...parametersIn(operation, name),
          ...membersIn(operation['requestBody'], `${name} body`),
          ...membersIn(operation['responses'], `${name} answer`),
        ];
      }),
  ];
}

const members = allMembers();

test('every member and parameter says what it is', () => {
  const silent = members.filter(
    ({ description }) => typeof description !== 'string' || description === '',
  );
  expect(
    silent.map(
      ({ at }) =>
        `${at}: add .describe('What it is, such as EXAMPLE') to its schema, after .nullable() and .optional()`,
    ),
  ).toEqual([]);
});

test('every named schema says what it is', () => {
  const { schemas } = z
    .object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(document['components']);
  const silent = Object.entries(schemas).filter(
    ([, schema]) => typeof schema['description'] !== 'string',
  );
  expect(
    silent.map(([name]) => `${name}: write .meta({ id: '${name}', description: 'What it is' })`),
  ).toEqual([]);
});

/** Text or a number that can be anything: enums, literals and booleans show by themselves what they may be. */
function needsExample(schema: Json): boolean {
  if (Array.isArray(schema['anyOf'])) {
    const others = schema['anyOf'].filter((one: Json) => one['type'] !== 'null');
    return others.length === 1 && needsExample(others[0] as Json) && !('examples' in others[0]);
  }
  const { type } = schema;
  return (
    (type === 'string' || type === 'number' || type === 'integer') &&
    !('enum' in schema) &&
    !('const' in schema)
  );
}

test('every text and number has an example', () => {
  const without = members.filter(
    ({ schema, description }) =>
      needsExample(schema) &&
      !('examples' in schema) &&
      !/\b(always|ignored|never)\b/i.test(String(description)),
  );
  expect(
    without.map(
      ({ at, description }) =>
        `${at}: end its description, "${String(description)}", with ", such as EXAMPLE"`,
    ),
  ).toEqual([]);
});

test('every example is what its schema allows', () => {
  const wrong = members.flatMap(({ at, schema }) => {
    const { examples, ...rest } = schema;
    if (!Array.isArray(examples)) return [];
    if (JSON.stringify(rest).includes('$ref'))
      return [`${at}: a member with members has no example of its own`];
    return examples.flatMap((example: unknown) => {
      const parsed = z
        .fromJSONSchema(rest as Parameters<typeof z.fromJSONSchema>[0])
        .safeParse(example);
      return parsed.success ? [] : [`${at}: ${JSON.stringify(example)}: ${parsed.error.message}`];
    });
  });
  expect(wrong).toEqual([]);
});
