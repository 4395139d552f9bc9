import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createPair, type Pair } from './enforce/pair.ts';
import type { HostFigures } from './enforce/host.ts';
import { handWritten, TRACKING_ONLY } from './enforce/subject.ts';
import type { TrafficAnswer, TrafficQuestion } from './enforce/traffic.ts';
import { medianWithin, quantile, rounded, spread, type Figures } from './measure.ts';

const HOST = fileURLToPath(new URL('enforce/host.ts', import.meta.url));
const TRAFFIC = fileURLToPath(new URL('enforce/traffic.ts', import.meta.url));
const ROUNDS = 60;
const SECONDS = 0.25;

const VARIANTS = ['bare', 'tracking only', 'plan', 'by hand'] as const;
type Variant = (typeof VARIANTS)[number];
const KINDS = ['throughput', 'connections'] as const;
type Kind = (typeof KINDS)[number];

/**
 * What the firewall costs a host: TCP throughput and new TCP connections between two namespaces with no firewall, with connection
 * tracking alone, with a plan of 1,000 rules and 100,000 addresses, and with a file of the same effect that was written by hand; and what a
 * change costs the VEN: the plan applied whole, one member added or removed. Each end has a processor of its own. Variants take short
 * turns, another one first each time, and are compared within a turn, so that what else the machine does hits all of them; a share
 * is the median of turns with the interval that holds it with 95 % confidence. Beside what was reached stands the CPU time that both ends
 * used for it, which others on the machine disturb less.
 */
export async function benchEnforce(): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-enforce-'));
  const pair = createPair(folder);
  try {
    const files: Record<Variant, string | null> = {
      bare: null,
      'tracking only': join(folder, 'tracking.nft'),
      plan: join(folder, 'plan.nft'),
      'by hand': join(folder, 'hand.nft'),
    };
    await writeFile(join(folder, 'tracking.nft'), TRACKING_ONLY);
    await writeFile(join(folder, 'hand.nft'), handWritten());
    process.stderr.write('bench: enforce: the VEN applies and moves\n');
    const host = await hostFigures(pair, join(folder, 'plan.nft'));
    const traffic = await trafficFigures(pair, files);
    return {
      ...spread('plan built s', host.planSeconds, 3),
      ...spread('applied s', host.applySeconds, 3),
      ...spread('read back and compared s', host.readBackSeconds, 3),
      ...spread('one host moved ms', host.hostMs, 3),
      ...spread('one range moved ms', host.rangeMs, 3),
      'VEN firewall process rss MB': host.rssMb,
      ...traffic,
    };
  } finally {
    pair.close();
  }
}

async function hostFigures(pair: Pair, planFile: string): Promise<HostFigures> {
  const child = pair.start(pair.server, HOST, [planFile]);
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the VEN's firewall code ended with ${code ?? 'a signal'}`);
  return JSON.parse(text) as HostFigures;
}

async function trafficFigures(
  pair: Pair,
  files: Readonly<Record<Variant, string | null>>,
): Promise<Figures> {
  const apart = availableParallelism() > 1;
  const server = listenTo(pair.start(pair.server, TRAFFIC, ['server'], apart ? 0 : undefined));
  const client = listenTo(pair.start(pair.client, TRAFFIC, ['client'], apart ? 1 : undefined));
  await Promise.all([server.next(), client.next()]);
  const cpuOf = async (): Promise<number> => {
    for (const end of [server, client]) end.ask({ kind: 'cpu', seconds: 0 });
    const [ofServer, ofClient] = await Promise.all([server.next(), client.next()]);
    return ofServer + ofClient;
  };
  const results = new Map<string, number[]>();
  const keep = (key: string, value: number) =>
    results.set(key, [...(results.get(key) ?? []), value]);
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round % VARIANTS.length;
    for (const variant of [...VARIANTS.slice(first), ...VARIANTS.slice(0, first)]) {
      pair.load(files[variant]);
      for (const kind of KINDS) {
        const before = await cpuOf();
        client.ask({ kind, seconds: SECONDS });
        const rate = await client.next();
        keep(`${kind} ${variant}`, rate);
        keep(`${kind} cpu ${variant}`, ((await cpuOf()) - before) / (rate * SECONDS));
      }
    }
    if ((round + 1) % 10 === 0)
      process.stderr.write(`bench: enforce: turn ${round + 1} of ${ROUNDS}\n`);
  }
  const of = (key: string, variant: Variant) => results.get(`${key} ${variant}`) ?? [];
  return Object.assign(
    {},
    ...KINDS.flatMap((kind) => [
      ...VARIANTS.map((variant) => variantFigures(kind, variant, of(kind, variant))),
      ...[kind, `${kind} cpu`].flatMap((key) => [
        ...VARIANTS.slice(1).map((variant) =>
          shares(`${key}: ${variant}, % of bare`, of(key, variant), of(key, 'bare')),
        ),
        shares(`${key}: plan, % of by hand`, of(key, 'plan'), of(key, 'by hand')),
      ]),
    ]),
  ) as Figures;
}

function variantFigures(kind: Kind, variant: Variant, values: readonly number[]): Figures {
  const isRate = kind === 'throughput';
  const unit = isRate ? 'Gbit/s' : 'per s';
  const show = (value: number) => (isRate ? rounded(value / 1e9, 2) : Math.round(value));
  return {
    [`${kind}: ${variant}, ${unit} p50`]: show(quantile(values, 0.5)),
    // the slowest of a hundred would be the lowest rate
    [`${kind}: ${variant}, ${unit} p99 slow`]: show(quantile(values, 0.01)),
  };
}

/** Of rates more is better, of CPU time less. */
function shares(name: string, values: readonly number[], of: readonly number[]): Figures {
  const inTurns = values.map((value, turn) => (value / (of[turn] ?? Number.NaN)) * 100);
  const { median, low, high } = medianWithin(inTurns);
  return {
    [`${name} p50`]: rounded(median, 1),
    [`${name} low`]: rounded(low, 1),
    [`${name} high`]: rounded(high, 1),
  };
}

interface Listener {
  ask(question: TrafficQuestion): void;
  /** The next answer. Rejects when the program ends instead, or says what went wrong. */
  next(): Promise<number>;
}

function listenTo(child: ChildProcess): Listener {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('the program has no pipes');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    ask: (question) => stdin.write(`${JSON.stringify(question)}\n`),
    async next() {
      const line = await lines.next();
      if (line.done === true) throw new Error('the traffic program ended');
      const answer = JSON.parse(line.value) as TrafficAnswer;
      if ('error' in answer) throw new Error(`traffic: ${answer.error}`);
      return answer.value;
    },
  };
}
