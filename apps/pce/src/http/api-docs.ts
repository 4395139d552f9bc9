/** The description of the API: as OpenAPI at `/api/openapi.json`, and for people at `/api/docs`. Neither needs a sign-in, a script or another host. */
import type { FastifyInstance } from 'fastify';
import { endpoints, openApiDocument } from '@bulkhead/contract';
import manifest from '../../package.json' with { type: 'json' };
import { sendJson } from './errors.ts';

type Json = Readonly<Record<string, unknown>>;

export function serveApiDocs(app: FastifyInstance): void {
  const document = openApiDocument(endpoints, manifest.version);
  const page = Buffer.from(apiDocsPage(document));
  app.get('/api/openapi.json', (_request, reply) => sendJson(reply, 200, document));
  app.get('/api/docs', (_request, reply) =>
    reply.header('content-type', 'text/html; charset=utf-8').send(page),
  );
}

/** One page of HTML that says what the document says. */
export function apiDocsPage(document: Json): string {
  const info = objectOf(document['info']);
  const schemas = objectOf(objectOf(document['components'])['schemas']);
  const byTag = operationsByTag(objectOf(document['paths']));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info['title'])}</title>
<style>${STYLE}</style>
<header><h1>${escaped(info['title'])}</h1>
<p>Version ${escaped(info['version'])}. ${escaped(info['description'])} <a href="/api/openapi.json">OpenAPI 3.1</a></p></header>
<nav aria-label="Contents"><ul>
${[...byTag.keys()].map((tag) => `<li><a href="#${anchor('tag', tag)}">${escaped(tag)}</a></li>`).join('\n')}
<li><a href="#schemas">Schemas</a></li>
</ul></nav>
<main>
${[...byTag].map(([tag, operations]) => `<section id="${anchor('tag', tag)}"><h2>${escaped(tag)}</h2>${operations.map(operationHtml).join('\n')}</section>`).join('\n')}
<section id="schemas"><h2>Schemas</h2>
${Object.entries(schemas)
  .map(([name, schema]) => namedSchemaHtml(name, objectOf(schema)))
  .join('\n')}
</section>
</main>
</html>
`;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly spec: Json;
}

function operationsByTag(paths: Json): Map<string, Operation[]> {
  const byTag = new Map<string, Operation[]>();
  for (const [path, methods] of Object.entries(paths))
    for (const [method, value] of Object.entries(objectOf(methods))) {
      const spec = objectOf(value);
      const tag = String(listOf(spec['tags'])[0]);
      byTag.set(tag, [...(byTag.get(tag) ?? []), { method: method.toUpperCase(), path, spec }]);
    }
  return byTag;
}

function operationHtml({ method, path, spec }: Operation): string {
  const parameters = listOf(spec['parameters']).map(objectOf);
  const body = contentOf(spec['requestBody']);
  return `<details id="${anchor('operation', String(spec['operationId']))}">
<summary><b>${method}</b> <code>${escaped(path)}</code> <span>${escaped(spec['summary'])}</span></summary>
<p>${escaped(spec['description'])}</p>
${parameters.length === 0 ? '' : `<h3>Parameters</h3><dl>${parameters.map(parameterHtml).join('')}</dl>`}
${body === undefined ? '' : `<h3>Body</h3>${schemaHtml(body)}`}
${Object.entries(objectOf(spec['responses'])).map(answerHtml).join('\n')}
</details>`;
}

function parameterHtml(parameter: Json): string {
  const required = parameter['required'] === true ? ', required' : '';
  return `<dt><code>${escaped(parameter['name'])}</code> <i>in ${escaped(parameter['in'])}${required}; ${typeText(objectOf(parameter['schema']))}</i></dt><dd>${escaped(parameter['description'])}${examplesHtml(objectOf(parameter['schema']))}</dd>`;
}

function answerHtml([status, value]: [string, unknown]): string {
  const answer = objectOf(value);
  const schema = contentOf(answer);
  const title = status === 'default' ? 'Any error' : `Answer ${status}`;
  return `<h3>${escaped(title)}</h3><p>${escaped(answer['description'])}</p>${schema === undefined ? '' : schemaHtml(schema)}`;
}

function contentOf(holder: unknown): Json | undefined {
  const content = objectOf(objectOf(holder)['content'])['application/json'];
  return content === undefined ? undefined : objectOf(objectOf(content)['schema']);
}

function namedSchemaHtml(name: string, schema: Json): string {
  return `<details id="${anchor('schema', name)}"><summary><b>${escaped(name)}</b> <span>${escaped(schema['description'] ?? '')}</span></summary>${schemaHtml(schema)}</details>`;
}

/** Members of an object, forms of a choice, items of a list; nothing but its type for anything else. */
function schemaHtml(schema: Json): string {
  if (typeof schema['$ref'] === 'string') return `<p>${referenceHtml(schema['$ref'])}</p>`;
  const forms = formsOf(schema);
  if (forms.length > 0)
    return `<p>One of:</p><ul>${forms.map((form) => `<li>${schemaHtml(form)}</li>`).join('')}</ul>`;
  if (schema['type'] === 'array')
    return `<p>${typeText(schema)}, each:</p>${schemaHtml(objectOf(schema['items']))}`;
  const members = Object.entries(objectOf(schema['properties']));
  if (members.length === 0) return `<p><i>${typeText(schema)}</i></p>`;
  const required = listOf(schema['required']);
  return `<dl>${members.map(([name, member]) => memberHtml(name, objectOf(member), required.includes(name))).join('')}</dl>`;
}

function memberHtml(name: string, schema: Json, required: boolean): string {
  const inner = hasMembers(schema) ? schemaHtml(schema) : '';
  return `<dt><code>${escaped(name)}</code> <i>${typeText(schema)}${required ? ', required' : ''}</i></dt><dd>${escaped(schema['description'] ?? '')}${examplesHtml(schema)}${inner}</dd>`;
}

function hasMembers(schema: Json): boolean {
  if (schema['type'] === 'array') return hasMembers(objectOf(schema['items']));
  return Object.keys(objectOf(schema['properties'])).length > 0 || formsOf(schema).some(hasMembers);
}

function formsOf(schema: Json): Json[] {
  return [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])].map(objectOf);
}

const LIMITS = [
  ['minimum', 'at least'],
  ['maximum', 'at most'],
  ['minLength', 'characters at least'],
  ['maxLength', 'characters at most'],
  ['minItems', 'items at least'],
  ['maxItems', 'items at most'],
  ['pattern', 'like'],
] as const;

/** Type and limits in words. */
function typeText(schema: Json): string {
  const { $ref: reference, type } = schema;
  if (typeof reference === 'string') return referenceHtml(reference);
  if ('const' in schema) return `<code>${escaped(JSON.stringify(schema['const']))}</code>`;
  const values = listOf(schema['enum']);
  if (values.length > 0)
    return values.map((value) => `<code>${escaped(String(value))}</code>`).join(', ');
  const forms = formsOf(schema);
  if (forms.length > 0) return [...new Set(forms.map(typeText))].join(' or ');
  if (type === 'array')
    return `array of ${typeText(objectOf(schema['items']))}${limitsText(schema)}`;
  return `${escaped(type ?? 'any')}${limitsText(schema)}`;
}

function limitsText(schema: Json): string {
  return LIMITS.flatMap(([member, words]) => {
    const limit = schema[member];
    const isNone = limit === undefined || Math.abs(Number(limit)) === Number.MAX_SAFE_INTEGER;
    return isNone ? [] : [`, ${words} ${escaped(limit)}`];
  }).join('');
}

function examplesHtml(schema: Json): string {
  const examples = [
    ...listOf(schema['examples']),
    ...formsOf(schema).flatMap((form) => listOf(form['examples'])),
  ];
  return examples.length === 0 ? '' : ` Example: <code>${escaped(examples[0])}</code>`;
}

function referenceHtml(reference: string): string {
  const name = reference.split('/').at(-1) ?? '';
  return `<a href="#${anchor('schema', name)}">${escaped(name)}</a>`;
}

function anchor(kind: string, name: string): string {
  return `${kind}-${name.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
}

function escaped(value: unknown): string {
  return String(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 70rem; padding: 1rem }
nav ul { columns: 3 14rem; padding-left: 1.2rem }
details { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .4rem 0 }
summary { cursor: pointer }
summary b { display: inline-block; min-width: 4.5rem }
summary span, i { opacity: .75 }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere }
dl { margin: .2rem 0 .2rem 1rem }
dd { margin: 0 0 .4rem 1rem }
h3 { font-size: 1rem; margin: .8rem 0 .2rem }
`;
