import type { AgentStatus } from './agent/status.ts';

/** `status` for people. */
export function formatStatus(status: AgentStatus): string {
  const { policy } = status;
  const interfaces = status.interfaces.map((link) => {
    const profile = link.network_profile === 'corporate' ? 'Corporate' : 'External';
    const addresses = link.addresses.map(
      ({ address, prefix_length: length }) =>
        `${address}/${length}${link.gateway === null ? '' : ` ${link.gateway}`}`,
    );
    return `  ${link.name}: ${addresses.join(', ')} (${profile})`;
  });
  if (status.suspended) {
    return [
      `VEN:          suspended (process ${status.pid}), ${status.ven_type}`,
      `PCE:          ${status.pce}`,
      'Policy:       none in force: the host’s own firewall filters until "illumio-ven-ctl unsuspend"',
      '',
    ].join('\n');
  }
  return [
    `VEN:          running (process ${status.pid}), ${status.ven_type}`,
    `PCE:          ${status.pce}, channel ${status.channel}`,
    policy === null
      ? 'Policy:       none received yet'
      : `Policy:       version ${policy.policy_version}, ${policy.mode}, ${policy.rules} rules, applied ${policy.applied_at}`,
    ...(status.last_failure === null ? [] : [`Last failure: ${status.last_failure}`]),
    ...status.warnings.map(({ message }) => `Warning:      ${message}`),
    `Flows:        ${status.flows.sent} sent, ${status.flows.buffered} waiting, ${status.flows.dropped} lost`,
    'Interfaces:',
    ...(interfaces.length === 0 ? ['  none'] : interfaces),
    '',
  ].join('\n');
}
