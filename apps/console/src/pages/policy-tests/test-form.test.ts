import { expect, test } from 'vitest';
import { policyTestWriteSchema } from '@bulkhead/contract';
import { NEW_HOST, NEW_TEST, readPorts, readTest, type TestForm } from './test-form.ts';

const FORM: TestForm = {
  ...NEW_TEST,
  name: 'Sales opens the shop',
  from: [{ ...NEW_HOST, labels: ['/orgs/1/labels/1', '/orgs/1/labels/2'] }],
  to: [
    { ...NEW_HOST, kind: 'workload', workload: '/orgs/1/workloads/a' },
    { ...NEW_HOST, kind: 'address', address: ' 2001:db8::1 ' },
  ],
  ports: '443, 8000-8002 443',
};

test('a form becomes the request of the API: hosts of each kind, ranges as ports, each once', () => {
  const read = readTest(FORM);
  expect(read).toMatchObject({
    ok: true,
    body: {
      from: [{ labels: [{ href: '/orgs/1/labels/1' }, { href: '/orgs/1/labels/2' }] }],
      to: [{ workload: { href: '/orgs/1/workloads/a' } }, { address: '2001:db8::1' }],
      ports: [443, 8000, 8001, 8002],
      by: null,
      outbound: null,
    },
  });
  expect(read.ok && policyTestWriteSchema.safeParse(read.body).success).toBe(true);
});

test('what is missing or wrong is said at its field, all of it at once', () => {
  expect(readTest({ ...NEW_TEST, ports: '0' })).toEqual({
    ok: false,
    errors: {
      name: 'A policy test needs a name.',
      from: 'Choose who connects: a workload, labels, or an address.',
      to: 'Choose who is reached: a workload, labels, or an address.',
      ports: '"0" is not a port. Write 443, or 8000-8010; ports are 1 to 65535.',
    },
  });
  expect(readTest({ ...FORM, ports: '' })).toMatchObject({
    ok: false,
    errors: { ports: 'Give the destination port for TCP, UDP and SCTP' },
  });
  expect(
    readTest({ ...FORM, to: [{ ...NEW_HOST, kind: 'address', address: '10.0.0.0/8' }] }),
  ).toMatchObject({ errors: { to: '"10.0.0.0/8" is not an IPv4 or IPv6 address.' } });
});

test('an end that is asked for by itself is sent with what is chosen and no more', () => {
  const read = readTest({
    ...FORM,
    outbound: { decision: 'none', by: [] },
    inbound: { decision: '', by: ['default'] },
  });
  expect(read).toMatchObject({
    ok: true,
    body: { outbound: { decision: 'none' }, inbound: { by: ['default'] } },
  });
});

test('ports run forwards, and no more than a test may have', () => {
  expect(readPorts('90-80')).toHaveProperty('error');
  expect(readPorts('1-1000')).toHaveProperty('value.length', 1000);
  expect(readPorts('1-1000, 2000')).toHaveProperty('error');
});
