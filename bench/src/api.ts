import { setTimeout as delay } from 'node:timers/promises';
import { addBatch, BATCH, createLabels, mustBe, type Labels } from './api/fleet.ts';
import { onPce, type BenchPce, type Send } from './api/pce.ts';
import { slope } from './growth.ts';
import {
  cpuSeconds,
  memoryOf,
  quantile,
  rounded,
  spread,
  withDescendants,
  type Figures,
} from './measure.ts';

const SIZES = [1000, 10_000, 100_000] as const;
const TIMES = 40;
const CLIENTS = 200;
const CLIENT_SECONDS = 60;
/** Each client asks so often; scripts and people wait between their calls. */
const CLIENT_PERIOD_MS = 1000;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

interface Repeated {
  readonly milliseconds: readonly number[];
  /** What the PCE and its stores computed for one of them, in ms; says something on a busy machine too. */
  readonly cpu: number;
}

async function repeated(
  { pid }: BenchPce,
  work: (turn: number) => Promise<unknown>,
): Promise<Repeated> {
  const milliseconds: number[] = [];
  await work(0);
  const pids = withDescendants(pid);
  const before = cpuSeconds(pids);
  for (let turn = 1; turn <= TIMES; turn += 1) milliseconds.push(await timed(() => work(turn)));
  return { milliseconds, cpu: ((cpuSeconds(pids) - before) * 1000) / TIMES };
}

/** Paths of the questions that are measured; `turn` makes them differ. */
function questions(org: string, labels: Labels, size: number) {
  const workloads = `${org}/workloads`;
  const json = (value: unknown): string => encodeURIComponent(JSON.stringify(value));
  return {
    'list page': () => workloads,
    'by labels': (turn: number) => {
      const app = labels.app[turn % labels.app.length];
      return `${workloads}?labels=${json([[app, labels.env[turn % labels.env.length]]])}`;
    },
    'partial name': (turn: number) => `${workloads}?name=st-${(turn * 37) % size}.ra`,
    'address range': (turn: number) =>
      `${workloads}?ip_address=${encodeURIComponent(`10.0.${turn % Math.max(1, size >> 8)}.0/24`)}`,
  };
}

async function measureSize(
  pce: BenchPce,
  labels: Labels,
  size: number,
): Promise<Record<string, Repeated>> {
  const { send, org } = pce;
  const times: Record<string, Repeated> = {};
  for (const [name, path] of Object.entries(questions(org, labels, size)))
    times[name] = await repeated(pce, async (turn) => mustBe(await send('GET', path(turn)), 200));
  const { text } = mustBe(await send('GET', `${org}/workloads?max_results=1`), 200);
  const [{ href }] = JSON.parse(text) as [{ href: string }];
  times['PUT of one label'] = await repeated(pce, async (turn) => {
    const body = { labels: [{ href: labels.role[turn % labels.role.length] }] };
    mustBe(await send('PUT', href, { body }), 204);
  });
  return times;
}

interface Export {
  readonly seconds: number;
  /** Computed by the PCE and its stores. */
  readonly cpuSeconds: number;
  readonly megabytes: number;
  /** More than before, of the PCE's own process, at most. */
  readonly memory: number;
}

/** Asks for all workloads later, polls, and fetches the file. */
async function exportAll({ send, org, pid }: BenchPce, size: number): Promise<Export> {
  const memory = (): number => memoryOf([pid]).rss;
  const before = memory();
  let most = before;
  const pids = withDescendants(pid);
  const computed = cpuSeconds(pids);
  const sampling = setInterval(() => {
    most = Math.max(most, memory());
  }, 50);
  const begun = performance.now();
  try {
    const headers = { prefer: 'respond-async' };
    const asked = mustBe(await send('GET', `${org}/workloads`, { headers }), 202);
    for (;;) {
      const poll = mustBe(await send('GET', String(asked.headers.location)), 200);
      const { status, result } = JSON.parse(poll.text) as {
        status: string;
        result: { href?: string; message?: string };
      };
      if (status === 'failed') throw new Error(`the export failed: ${result.message ?? ''}`);
      if (status === 'done') {
        const file = mustBe(await send('GET', String(result.href), { keep: false }), 200);
        const count = Number(file.headers['x-total-count']);
        if (count !== size) throw new Error(`the export has ${count} of ${size} workloads`);
        break;
      }
      await delay(100);
    }
    const seconds = (performance.now() - begun) / 1000;
    return {
      seconds,
      cpuSeconds: cpuSeconds(pids) - computed,
      megabytes: before,
      memory: most - before,
    };
  } finally {
    clearInterval(sampling);
  }
}

async function oneClient(
  send: Send,
  paths: readonly ((turn: number) => string)[],
  { number, until }: { readonly number: number; readonly until: number },
): Promise<{ milliseconds: number[]; errors: number }> {
  const milliseconds: number[] = [];
  let errors = 0;
  await delay((number * CLIENT_PERIOD_MS) / CLIENTS);
  for (let turn = number; performance.now() < until; turn += 1) {
    const path = paths[turn % paths.length]?.(turn) ?? '';
    const begun = performance.now();
    const status = await send('GET', path).then(
      (answer) => answer.status,
      () => 0,
    );
    const taken = performance.now() - begun;
    milliseconds.push(taken);
    if (status !== 200) errors += 1;
    await delay(Math.max(0, CLIENT_PERIOD_MS - taken));
  }
  return { milliseconds, errors };
}

async function manyClients(pce: BenchPce, labels: Labels, size: number): Promise<Figures> {
  const { org } = pce;
  const all = questions(org, labels, size);
  const page = (path: (turn: number) => string) => (turn: number) => `${path(turn)}&max_results=50`;
  const paths = [
    page(all['by labels']),
    page(all['partial name']),
    page(all['address range']),
    () => `${org}/workloads?max_results=50`,
    () => `${org}/labels?max_results=50`,
    () => '/noop',
  ];
  const clients: Send[] = [];
  for (let number = 0; number < CLIENTS; number += 1) clients.push(await pce.newClient());
  const until = performance.now() + CLIENT_SECONDS * 1000;
  const results = await Promise.all(
    clients.map((send, number) => oneClient(send, paths, { number, until })),
  );
  const milliseconds = results.flatMap((result) => result.milliseconds);
  return {
    ...spread(`${CLIENTS} clients ms`, milliseconds, 0),
    [`${CLIENTS} clients requests/s`]: rounded(milliseconds.length / CLIENT_SECONDS, 0),
    [`${CLIENTS} clients errors`]: results.reduce((sum, { errors }) => sum + errors, 0),
  };
}

/** The API beside 1,000, 10,000 and 100,000 workloads, and how what it takes grows with them: 1 is linear. */
export async function benchApi(): Promise<Figures> {
  return onPce(async (pce) => {
    const labels = await createLabels(pce);
    const figures: Record<string, number | string> = {};
    const medians = new Map<string, number[]>();
    let count = 0;
    for (const size of SIZES) {
      const batches: number[] = [];
      for (; count < size; count += BATCH) batches.push(await addBatch(pce, labels, count));
      process.stderr.write(`bench: api, ${size} workloads\n`);
      const measured = await measureSize(pce, labels, size);
      const seconds = await exportAll(pce, size);
      for (const [name, { cpu }] of Object.entries(measured))
        figures[`${size} ${name} CPU ms`] = rounded(cpu, 1);
      figures[`${size} async export CPU ms`] = rounded(seconds.cpuSeconds * 1000, 0);
      const times: [string, readonly number[]][] = [
        ...Object.entries(measured).map(([name, { milliseconds }]): [string, readonly number[]] => [
          name,
          milliseconds,
        ]),
        ['bulk_create of 1000', batches.slice(-20)],
        ['async export', [seconds.seconds * 1000]],
      ];
      for (const [name, milliseconds] of times) {
        figures[`${size} ${name} ms p50`] = rounded(quantile(milliseconds, 0.5), 1);
        figures[`${size} ${name} ms p95`] = rounded(quantile(milliseconds, 0.95), 1);
        medians.set(name, [...(medians.get(name) ?? []), quantile(milliseconds, 0.5)]);
      }
      figures[`${size} PCE before export MB`] = rounded(seconds.megabytes, 0);
      figures[`${size} export, memory more MB`] = rounded(seconds.memory, 0);
    }
    for (const [name, values] of medians)
      figures[`exponent of ${name}`] = rounded(slope(SIZES.map(Math.log), values.map(Math.log)), 2);
    process.stderr.write(`bench: api, ${CLIENTS} clients\n`);
    return { ...figures, ...(await manyClients(pce, labels, count)) };
  });
}
