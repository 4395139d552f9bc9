import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { renderPairScript, type PairScriptInput } from './pair-script.ts';

const INPUT: PairScriptInput = {
  pceFqdn: 'pce.example.com',
  port: 8443,
  caFingerprint: 'ab'.repeat(32),
  caPem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  profileId: 7,
  packageSha256: 'cd'.repeat(32),
  venType: 'server',
};

test('is a script that any POSIX shell accepts', () => {
  for (const venType of ['server', 'endpoint', 'specified_during_activation'] as const) {
    const { status, stderr } = spawnSync('sh', ['-n'], {
      input: renderPairScript({ ...INPUT, venType }),
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
});

test('holds the CA, its fingerprint, the digest of the package and the profile', () => {
  const script = renderPairScript(INPUT);
  for (const part of [
    INPUT.caFingerprint,
    INPUT.packageSha256,
    'MIIB',
    'profile_id=7',
    'pce.example.com:8443',
  ]) {
    expect(script).toContain(part);
  }
});

test('without an activation code it says what to give, and does nothing', () => {
  const { status, stderr, stdout } = spawnSync('sh', ['-s'], {
    input: renderPairScript(INPUT),
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toBe(
    'VEN pairing failed: give the activation code of a pairing profile: -activation-code CODE\n',
  );
});

test.each([
  ['a name', { pceFqdn: "pce'; reboot #" }],
  ['a digest', { packageSha256: '$(reboot)' }],
  ['a fingerprint', { caFingerprint: 'ab' }],
  ['a certificate', { caPem: 'CERTIFICATE\nreboot\n' }],
])('refuses %s that could mean anything else to a shell', (_, parts) => {
  expect(() => renderPairScript({ ...INPUT, ...parts })).toThrow(TypeError);
});
