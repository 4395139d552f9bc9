import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPce, type TestPce } from '../testing/test-pce.ts';

let folder: string;
let pce: TestPce;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-console-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Console</title>');
  await writeFile(join(folder, 'assets/app-1a2b.js'), 'export {};');
  pce = await startTestPce({ consoleFolder: folder });
});
afterAll(async () => {
  await pce.close();
  await rm(folder, { recursive: true, force: true });
});

test.each(['/', '/workloads', '/rulesets/3/rules?tab=options'])(
  '%s is the page of the console',
  async (path) => {
    const answer = await pce.send('GET', path, { auth: null });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('<title>Console</title>');
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.headers['content-security-policy']).toContain("script-src 'self'");
  },
);

test('files with a hash in their name are kept for ever', async () => {
  const answer = await pce.send('GET', '/assets/app-1a2b.js', { auth: null });
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toContain('immutable');
});

test.each([
  '/assets/none.js',
  '/%2e%2e/%2e%2e/etc/passwd.txt',
  '/api/v2/workloadz',
  '/api/nothing',
])('%s is 404', async (path) => {
  const answer = await pce.send('GET', path, { auth: null });
  expect(answer.status).toBe(404);
  expect(answer.text).not.toContain('root:');
});

test('paths that climb out get nothing but the page', async () => {
  const answer = await pce.send('GET', '/../../etc/passwd', { auth: null });
  expect(answer.text).toContain('<title>Console</title>');
});
