/** Writes docs/openapi.json and the second part of docs/api-compatibility.md from the endpoint table. Tests hold the files equal to it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { endpoints, openApiDocument } from '@bulkhead/contract';
import manifest from '../package.json' with { type: 'json' };
import { compatibilityPage } from './compatibility/page.ts';
import { root } from './run.ts';

const document = openApiDocument(endpoints, manifest.version);
writeFileSync(`${root}docs/openapi.json`, `${JSON.stringify(document, null, 2)}\n`);
const compatibility = `${root}docs/api-compatibility.md`;
writeFileSync(compatibility, compatibilityPage(readFileSync(compatibility, 'utf8')));
