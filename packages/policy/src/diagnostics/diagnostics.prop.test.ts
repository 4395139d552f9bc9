import process from 'node:process';
import { connection, policyModel } from '@bulkhead/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ANY_PROTOCOL,
  naiveDecide,
  PROTOCOLS,
  type Connection,
  type ConnectionEnd,
  type EndDecision,
  type PolicyModel,
  type Rule,
  type ServicePort,
  type Workload,
} from '../index.ts';
import { ipListSpans } from '../engine/addresses.ts';
import { formatAddress } from '@bulkhead/net';
import { diagnose } from './diagnose.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
process.stdout.write(`diagnostics properties: FAST_CHECK_SEED=${SEED}\n`);

/** As it will be when everybody is there: online, enforcing, endpoints both at the office and elsewhere. */
function present(model: PolicyModel): PolicyModel {
  const nic = (name: string, address: string, external: boolean) =>
    ({
      name,
      addresses: [{ address, prefixLength: 24 }],
      gateway: null,
      linkState: 'up',
      networkProfile: external ? 'external' : 'corporate',
    }) as const;
  const everywhere = (workload: Workload, at: number): Workload => ({
    ...workload,
    online: true,
    suspended: false,
    enforcementMode: 'full',
    interfaces:
      workload.type === 'endpoint'
        ? [nic('eth0', `10.9.0.${at + 1}`, false), nic('wlan0', `192.0.2.${at + 1}`, true)]
        : workload.interfaces,
  });
  return {
    ...model,
    workloads: model.workloads.map(everywhere),
    firewallSettings: { ...model.firewallSettings, ipv6Mode: 'policy_based' },
  };
}

/** Every end that a rule of the model could be about. */
function endsOf(model: PolicyModel): ConnectionEnd[] {
  const known = model.workloads.flatMap((workload) =>
    workload.interfaces.flatMap(({ name, addresses }) =>
      addresses.map(({ address }) => ({
        workload: workload.href,
        address,
        interfaceName: name,
        fqdn: null,
      })),
    ),
  );
  // a host that has not reported any address enforces all the same
  const unreported = model.workloads.map(({ href }) => ({
    workload: href,
    address: '10.99.0.1',
    interfaceName: null,
    fqdn: null,
  }));
  const outside = [
    ...model.ipLists.flatMap((list) =>
      ipListSpans(list).map(({ family, first }) => formatAddress({ family, value: first })),
    ),
    ...model.virtualServices.flatMap(({ addresses }) => addresses),
  ].map((address) => ({ workload: null, address, interfaceName: null, fqdn: null }));
  const names = model.ipLists
    .flatMap(({ fqdns }) => fqdns)
    .map((fqdn) => ({
      workload: null,
      address: '203.0.113.1',
      interfaceName: null,
      fqdn: fqdn.replace('*', 'x'),
    }));
  const principals = model.ruleSets.flatMap(({ rules }) =>
    rules.flatMap((rule) => rule.consumingSecurityPrincipals),
  );
  return [...known, ...unreported, ...outside, ...names].map((end) => ({ ...end, principals }));
}

/** One connection of each service that the rule could be on. */
function trafficOf(model: PolicyModel, rule: Rule) {
  const portsOf = (item: Rule['ingressServices'][number]): readonly ServicePort[] =>
    'port' in item
      ? [item.port]
      : (model.services.find(({ href }) => href === item.href)?.ports ?? []);
  const own = model.virtualServices.flatMap(({ service }) =>
    'ports' in service ? service.ports : portsOf(service),
  );
  const ports = [...rule.ingressServices.flatMap(portsOf), ...own];
  return [...new Map(ports.map((port) => [JSON.stringify(port), port])).values()].map((port) => ({
    protocol: port.protocol === ANY_PROTOCOL ? PROTOCOLS.tcp : port.protocol,
    port: port.port ?? (port.icmpType === null ? 9_999 : null),
    icmpType: port.icmpType,
    icmpCode: port.icmpCode ?? (port.icmpType === null ? null : 7),
    program: {
      ...(port.process === undefined ? {} : { process: port.process }),
      ...(port.windowsService === undefined ? {} : { windowsService: port.windowsService }),
    },
  }));
}

function matchesSomewhere(model: PolicyModel, rule: Rule): boolean {
  const ends = endsOf(model);
  const here = (end: EndDecision | null) =>
    end?.rules.some(({ href }) => href === rule.href) === true;
  // the other rules have no part in whether this one matches, and cost time
  const alone = {
    ...model,
    enforcementBoundaries: [],
    ruleSets: model.ruleSets.map((item) => ({
      ...item,
      rules: item.rules.filter(({ href }) => href === rule.href),
    })),
  };
  for (const { program, ...traffic } of trafficOf(model, rule)) {
    for (const source of ends) {
      for (const destination of ends) {
        if (source.workload === null && destination.workload === null) continue;
        const item: Connection = {
          source,
          destination: { ...destination, ...program },
          ...traffic,
        };
        const { outbound, inbound } = naiveDecide(alone, item);
        if (here(outbound) || here(inbound)) return true;
      }
    }
  }
  return false;
}

describe('diagnostics of random models', { timeout: 120_000 }, () => {
  test('a rule matches nobody exactly if the reference evaluator finds no connection that it allows (PS-6)', () => {
    fc.assert(
      fc.property(policyModel(), (drawn) => {
        const model = present(drawn);
        const nobody = new Set(
          diagnose(model)
            .filter(
              ({ code, place }) =>
                place.type === 'rule' &&
                (code === 'rule_matches_nobody' || code === 'non_brn_rule_without_endpoints'),
            )
            .map(({ place }) => place.href),
        );
        for (const ruleSet of model.ruleSets) {
          for (const rule of ruleSet.rules) {
            if (!ruleSet.enabled || !rule.enabled) continue;
            const { href } = rule;
            const matches = matchesSomewhere(model, rule);
            expect({ href, nobody: nobody.has(href) }).toEqual({ href, nobody: !matches });
          }
        }
      }),
      { seed: SEED, numRuns: 25 },
    );
  });

  test('without the rules that are in the shadow of others every connection is decided as before', () => {
    const asked = policyModel().chain((model) =>
      fc.record({
        model: fc.constant(model),
        connections: fc.array(connection(model), { minLength: 30, maxLength: 30 }),
      }),
    );
    fc.assert(
      fc.property(asked, ({ model, connections }) => {
        const shadowed = new Set(
          diagnose(model)
            .filter(({ code }) => code === 'rule_shadowed')
            .map(({ place }) => place.href),
        );
        if (shadowed.size === 0) return;
        const without = {
          ...model,
          ruleSets: model.ruleSets.map((item) => ({
            ...item,
            rules: item.rules.filter(({ href }) => !shadowed.has(href)),
          })),
        };
        const said = (of: PolicyModel, item: Connection) => {
          const { decision, outbound, inbound } = naiveDecide(of, item);
          return { decision, outbound: outbound?.decision, inbound: inbound?.decision };
        };
        for (const item of connections) expect(said(without, item)).toEqual(said(model, item));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});
