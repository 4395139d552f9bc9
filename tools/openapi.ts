/** Writes docs/openapi.json from the endpoint table. A test holds the file equal to it. */
import { writeFileSync } from 'node:fs';
import { endpoints, openApiDocument } from '@bulkhead/contract';
import manifest from '../package.json' with { type: 'json' };
import { root } from './run.ts';

const document = openApiDocument(endpoints, manifest.version);
writeFileSync(`${root}docs/openapi.json`, `${JSON.stringify(document, null, 2)}\n`);
