import {
  anInterface,
  anIpList,
  aPolicy,
  aWorkload,
  connectionOf,
  tcp,
  type Question,
} from '@bulkhead/testkit';
import { describe, expect, test } from 'vitest';
import type { PolicyModel } from '../model.ts';
import { endThatDecides, explained } from './testing/explained.ts';

const LAPTOP = aWorkload('laptop', ['role=laptop', 'env=prod'], '10.1.0.7', { type: 'endpoint' });
const DB = aWorkload('db', ['role=db', 'env=prod'], '10.0.0.9');
const DB_REF = { href: '/workloads/db', name: 'db' };

const labelOf = (text: string) => {
  const [key = '', value = ''] = text.split('=');
  return { href: `/labels/${text}`, key, value };
};

describe('a new rule that is suggested', () => {
  const suggestionOf = (
    parts: Partial<PolicyModel>,
    question: Question,
    at: 'inbound' | 'outbound',
  ) => {
    const model = aPolicy(parts);
    return endThatDecides(explained(model, connectionOf(model, question)), at).suggestion;
  };

  test('is between the labels of both ends', () => {
    const question = { from: 'laptop', to: 'db' };
    expect(suggestionOf({ workloads: [LAPTOP, DB] }, question, 'inbound')).toEqual({
      kind: 'new_rule',
      providers: ['env=prod', 'role=db'].map((text) => ({ kind: 'label', label: labelOf(text) })),
      consumers: ['env=prod', 'role=laptop'].map((text) => ({
        kind: 'label',
        label: labelOf(text),
      })),
      service: tcp(443),
      networkType: 'brn',
    });
  });

  test('names what has no labels, and an address by the smallest IP list that holds it, never Any', () => {
    const bare = { ...DB, labels: [] };
    const question = { from: '203.0.113.5', to: 'db' };
    const lists = [
      anIpList('any', ['0.0.0.0/0']),
      anIpList('partners', ['203.0.0.0/16']),
      anIpList('partner', ['203.0.113.0/24']),
    ];
    expect(suggestionOf({ workloads: [bare], ipLists: lists }, question, 'inbound')).toMatchObject({
      providers: [{ kind: 'workload', workload: DB_REF }],
      consumers: [{ kind: 'address', address: '203.0.113.5', ipList: { name: 'partner' } }],
    });
    const onlyAny = { workloads: [bare], ipLists: lists.slice(0, 1) };
    expect(suggestionOf(onlyAny, question, 'inbound')).toMatchObject({
      consumers: [{ kind: 'address', ipList: null }],
    });
  });

  test('is for other networks, and by address, where the end is outside the corporate network (PS-31)', () => {
    const outside = {
      ...LAPTOP,
      interfaces: [anInterface(['192.168.1.2'], { networkProfile: 'external' })],
    } as const;
    const question = { from: 'laptop', to: 'db' };
    expect(suggestionOf({ workloads: [outside, DB] }, question, 'outbound')).toMatchObject({
      providers: [{ kind: 'address', address: '10.0.0.9' }],
      networkType: 'non_brn',
    });
  });
});
