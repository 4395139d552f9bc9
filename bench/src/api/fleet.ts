/** Labels and unmanaged workloads as a fleet has them, made through the API. */
import type { Answer, BenchPce, Send } from './pce.ts';

export const BATCH = 1000;
const COUNTS = { role: 20, app: 200, env: 4, loc: 10 } as const;
type Key = keyof typeof COUNTS;
const KEYS: readonly Key[] = ['role', 'app', 'env', 'loc'];

/** Hrefs of the labels of each key. */
export type Labels = Readonly<Record<Key, readonly string[]>>;

export function mustBe(answer: Answer, ...statuses: readonly number[]): Answer {
  if (statuses.includes(answer.status)) return answer;
  throw new Error(`the PCE answered ${answer.status} ${answer.text.slice(0, 500)}`);
}

export async function createLabels({ send, org }: BenchPce): Promise<Labels> {
  const labels: Record<Key, string[]> = { role: [], app: [], env: [], loc: [] };
  for (const key of KEYS)
    for (let number = 0; number < COUNTS[key]; number += 1) {
      const body = { key, value: `${key}-${number}` };
      const { text } = mustBe(await send('POST', `${org}/labels`, { body }), 201);
      labels[key].push((JSON.parse(text) as { href: string }).href);
    }
  return labels;
}

function addressOf(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}

/** Workloads numbered from `start` on, as a bulk_create takes them. */
export function workloads(labels: Labels, start: number): unknown[] {
  return Array.from({ length: BATCH }, (_, index) => {
    const number = start + index;
    return {
      name: `host-${number}.rack${number % 97}.example`,
      hostname: `host-${number}`,
      interfaces: [{ name: 'eth0', address: addressOf(number), cidr_block: 16, link_state: 'up' }],
      labels: KEYS.map((key) => ({ href: labels[key][number % labels[key].length] })),
    };
  });
}

/** Adds one batch and answers how long that took, in ms. */
export async function addBatch(
  { send, org }: { readonly send: Send; readonly org: string },
  labels: Labels,
  start: number,
): Promise<number> {
  const body = workloads(labels, start);
  const begun = performance.now();
  const answer = await send('PUT', `${org}/workloads/bulk_create`, { body });
  const milliseconds = performance.now() - begun;
  const results = JSON.parse(mustBe(answer, 200).text) as readonly { status: string }[];
  if (results.length !== BATCH || results.some(({ status }) => status !== 'created'))
    throw new Error(`not every workload was created: ${answer.text.slice(0, 300)}`);
  return milliseconds;
}
