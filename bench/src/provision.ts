import type { ApiClient } from '@bulkhead/contract';
import { MANAGED, provision, waitUntil, waitUntilSettled } from '@bulkhead/lab';
import { onLab, watchKernel } from './lab.ts';
import { spread, type Figures } from './measure.ts';

const TIMES = 50;
const draft = { pversion: 'draft' };

async function createRuleSet(api: ApiClient): Promise<{ set: string; rule: string }> {
  const everybody = [{ actors: 'ams' as const }];
  const created = await api.call('rule_sets.create', {
    params: draft,
    body: {
      name: 'Bench',
      scopes: [[]],
      rules: [
        {
          enabled: true,
          providers: everybody,
          consumers: everybody,
          ingress_services: [{ proto: 6, port: 9000 }],
          resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
        },
      ],
    },
  });
  const last = (href: string): string => href.split('/').at(-1) ?? '';
  return { set: last(created.href), rule: last(created.rules[0]?.href ?? '') };
}

/** Milliseconds from the provision request to the change in the kernel of the last of all hosts. */
export async function benchProvision(): Promise<Figures> {
  return onLab(async ({ network, api }) => {
    const { set, rule } = await createRuleSet(api);
    await provision(api, 'Bench');
    await waitUntilSettled(api, MANAGED);
    const watches = await Promise.all(MANAGED.map((name) => watchKernel(network.host(name))));
    const milliseconds: number[] = [];
    try {
      for (let index = 1; index <= TIMES; index += 1) {
        await api.call('sec_rules.update', {
          params: { ...draft, rule_set_id: set, id: rule },
          body: { ingress_services: [{ proto: 6, port: 9000 + index }] },
        });
        const clicked = performance.now();
        await provision(api, `Bench ${index}`);
        await waitUntil('the change is in every kernel', 20_000, async () => {
          const silent = watches.filter((watch) => watch.firstAfter(clicked) === null).length;
          return silent === 0 ? null : `${silent} hosts without it`;
        });
        const last = Math.max(...watches.map((watch) => watch.firstAfter(clicked) ?? 0));
        milliseconds.push(last - clicked);
        await waitUntilSettled(api, MANAGED);
      }
    } finally {
      for (const watch of watches) watch.stop();
    }
    return { hosts: MANAGED.length, ...spread('provision to kernel ms', milliseconds, 0) };
  });
}
