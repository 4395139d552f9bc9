import { expect, test } from 'vitest';
import { askOf, readQuestion, writeQuestion } from './question.ts';

const form = readQuestion({ src_ip: '10.0.0.1', dst_workload: '/orgs/1/workloads/a', port: '443' });

test('a question survives the URL: what is asked of a flow is what the page asks', () => {
  const question = {
    src_ip: '10.0.0.1',
    dst_workload: '/orgs/1/workloads/a',
    protocol: 6,
    port: 443,
  };
  const search = writeQuestion({ ...question, icmp_type: undefined }, 'draft');
  expect(search['pversion']).toBe('draft');
  expect(askOf(readQuestion(search))).toEqual({ ok: true, body: question });
});

test('an end that is missing or no address is said at its field', () => {
  expect(askOf({ ...form, src_ip: '' })).toMatchObject({
    ok: false,
    errors: { src_workload: 'Choose the source, or type its address.' },
  });
  expect(askOf({ ...form, src_ip: '10.0.0.1/24' })).toMatchObject({
    errors: { src_workload: '"10.0.0.1/24" is not an IPv4 or IPv6 address.' },
  });
});

test('ports are asked of protocols that have them, ICMP types of ICMP', () => {
  expect(askOf({ ...form, port: '0' })).toMatchObject({
    ok: false,
    errors: { port: 'A port is a number from 1 to 65535.' },
  });
  expect(askOf({ ...form, protocol: '1', icmp_type: '8' })).toMatchObject({
    ok: true,
    body: { protocol: 1, icmp_type: 8 },
  });
  expect(askOf({ ...form, protocol: '1', port: '443' })).toEqual({
    ok: true,
    body: { src_ip: '10.0.0.1', dst_workload: '/orgs/1/workloads/a', protocol: 1 },
  });
});
