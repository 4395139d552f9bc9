/** Policy tests in words. */
import type {
  Answer,
  PolicyTestHostWire,
  PolicyTestState,
  PolicyTestWire,
} from '@bulkhead/contract';
import { KEY_NAMES, protocolName } from './words.ts';

export const STATE_NAMES: Record<PolicyTestState, string> = {
  passed: 'Passed',
  failed: 'Failed',
  no_hosts: 'No hosts',
  not_run: 'Not run',
};

/** `Role Web, Environment Production`: the workloads that have all of them. */
export function hostText(host: PolicyTestHostWire): string {
  if (host.workload !== undefined)
    return host.workload.name ?? host.workload.hostname ?? host.workload.href;
  if (host.address !== undefined) return host.address;
  return (host.labels ?? [])
    .map((label) => `${KEY_NAMES[label.key] ?? label.key} ${label.value}`)
    .join(', ');
}

/** `TCP 443, 8443`, `ICMP type 8`. */
export function serviceText(
  test: Pick<PolicyTestWire, 'proto' | 'ports' | 'icmp_type' | 'icmp_code'>,
): string {
  const type = test.icmp_type === null ? '' : `type ${test.icmp_type}`;
  const code = test.icmp_code === null ? '' : `code ${test.icmp_code}`;
  return [protocolName(test.proto), test.ports.join(', '), type, code]
    .filter((part) => part !== '')
    .join(' ');
}

type Run = Answer<'policy_tests.run'>;
/** Tests as a run saw them; one that the run left out, because it is disabled, has not run. */
export function withRun(tests: readonly PolicyTestWire[], run: Run | undefined): PolicyTestWire[] {
  if (run === undefined) return [...tests];
  const results = new Map(run.results.map((one) => [one.href, one.result]));
  return tests.map((test) => ({ ...test, result: results.get(test.href) ?? NOT_RUN }));
}
const NOT_RUN: PolicyTestWire['result'] = {
  state: 'not_run',
  message: 'It is disabled.',
  checked: 0,
  failed: 0,
  failures: [],
  policy_version: null,
  at: null,
};
