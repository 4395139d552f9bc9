import { generateKeyPairSync, sign } from 'node:crypto';
import type { MaintenanceClaim } from '@bulkhead/contract';
import { expect, test } from 'vitest';
import { checkMaintenanceToken } from './maintenance.ts';

const pce = generateKeyPairSync('ed25519');
const identity = {
  ven_uuid: '11111111-2222-4333-8444-555555555555',
  policy_public_key: pce.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
};
const now = new Date('2026-11-25T12:00:00Z');

function seal(change: Partial<MaintenanceClaim> = {}, key = pce.privateKey): string {
  const claim: MaintenanceClaim = {
    purpose: 'ven_maintenance',
    ven_uuid: identity.ven_uuid,
    expires_at: '2026-11-25T12:00:01Z',
    ...change,
  };
  const bytes = Buffer.from(JSON.stringify(claim));
  return `${bytes.toString('base64url')}.${sign(null, bytes, key).toString('base64url')}`;
}

test('a token of the PCE for this VEN opens it until its time is over (R-VEN-6)', () => {
  checkMaintenanceToken(seal(), identity, now);
  expect(() => checkMaintenanceToken(seal(), identity, new Date('2026-11-25T12:00:01Z'))).toThrow(
    /expired at 2026-11-25T12:00:01Z/,
  );
});

test('none, a foreign, a changed, and one for another VEN open nothing, and say so (R-VEN-6)', () => {
  const foreign = seal({}, generateKeyPairSync('ed25519').privateKey);
  const other = seal({ ven_uuid: '99999999-2222-4333-8444-555555555555' });
  const [content, signature] = [seal({ expires_at: '2099-01-01T00:00:00Z' }), seal()];
  const changed = `${content.split('.')[0] ?? ''}.${signature.split('.')[1] ?? ''}`;
  const cases: [string | null, RegExp][] = [
    [null, /asks for a maintenance token/],
    ['', /not the PCE’s/],
    ['a.b.c', /not the PCE’s/],
    [foreign, /not the PCE’s/],
    [changed, /not the PCE’s/],
    [other, /another VEN/],
  ];
  for (const [token, reason] of cases)
    expect(() => checkMaintenanceToken(token, identity, now)).toThrow(reason);
});
