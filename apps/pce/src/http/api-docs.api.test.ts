import { expect, test } from 'vitest';
import { endpoints } from '@bulkhead/contract';
import { withTestPce } from '../testing/test-pce.ts';

const pce = withTestPce();

test('the description of the API is served to anybody, as OpenAPI', async () => {
  const { status, headers, json } = await pce().send('GET', '/api/openapi.json', { auth: null });
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('application/json');
  expect(json).toMatchObject({ openapi: '3.1.0' });
});

test('the page for people names every operation, and needs no script and no other host', async () => {
  const { status, headers, text } = await pce().send('GET', '/api/docs', { auth: null });
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  for (const { path, method } of Object.values(endpoints)) {
    const shown = path.replaceAll(/:([a-z_]+)/g, '{$1}');
    expect(text).toContain(`<b>${method}</b> <code>${shown}</code>`);
  }
  expect(text).not.toMatch(/<script|<link|<img|href="http|src=|onclick=/);
});

test('members show type, limits and example', async () => {
  const { text } = await pce().send('GET', '/api/docs', { auth: null });
  expect(text).toMatch(
    /<dt><code>value<\/code> <i>string, characters at least 1, characters at most 255, required<\/i><\/dt><dd>Value of the label Example: <code>web<\/code>/,
  );
});
