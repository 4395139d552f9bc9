/** One end of the traffic, in its own namespace: `traffic.ts server|client`. Asked by lines of JSON, answers by lines of JSON. */
import net from 'node:net';
import { createInterface } from 'node:readline';
import { LINK } from './subject.ts';

export interface TrafficQuestion {
  readonly kind: 'throughput' | 'connections' | 'cpu';
  readonly seconds: number;
}

/** Bits per second, connections per second, or seconds of CPU that the process has used. */
export type TrafficAnswer = { readonly value: number } | { readonly error: string };

const CHUNK = Buffer.alloc(1 << 20);
/** Enough to keep both ends busy. */
const AT_ONCE = 64;
/** What the client says first where it wants bytes; else it only wants to be accepted. */
const WANT_BYTES = 'b';

function serve(): void {
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      const fill = (): void => {
        while (socket.write(CHUNK));
      };
      socket.on('drain', fill);
      fill();
    });
  });
  answerCpu();
  server.listen({ host: LINK.server, port: LINK.port, backlog: 4096 }, () => answer({ value: 0 }));
}

function answer(given: TrafficAnswer): void {
  process.stdout.write(`${JSON.stringify(given)}\n`);
}

/** The receiver writes into one buffer again and again, so that reading costs one copy. */
async function throughput(seconds: number): Promise<number> {
  let bytes = 0;
  const socket = net.connect({
    host: LINK.server,
    port: LINK.port,
    onread: {
      buffer: CHUNK,
      callback: (count) => {
        bytes += count;
        return true;
      },
    },
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  socket.write(WANT_BYTES);
  await pause(0.1);
  const [before, begun] = [bytes, performance.now()];
  await pause(seconds);
  const rate = ((bytes - before) * 8 * 1000) / (performance.now() - begun);
  socket.destroy();
  return rate;
}

/** Each is reset as soon as it stands, so that no port stays taken. */
async function connections(seconds: number): Promise<number> {
  let opened = 0;
  let stop = false;
  const begun = performance.now();
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = net.connect({ host: LINK.server, port: LINK.port });
      socket.once('error', reject);
      socket.once('connect', () => {
        opened += 1;
        socket.resetAndDestroy();
        resolve();
      });
    });
  const worker = async (): Promise<void> => {
    while (!stop) await one();
  };
  const workers = Array.from({ length: AT_ONCE }, worker);
  await pause(seconds);
  stop = true;
  const rate = (opened * 1000) / (performance.now() - begun);
  await Promise.all(workers);
  return rate;
}

/** Of this process: its own work and what the kernel does in its name, which on a pair of devices is nearly all of the network's. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The server is asked for its CPU time alone. */
function answerCpu(): void {
  createInterface({ input: process.stdin }).on('line', () => answer({ value: cpuSeconds() }));
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

function ask(): void {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { kind, seconds } = JSON.parse(line) as TrafficQuestion;
    if (kind === 'cpu') {
      answer({ value: cpuSeconds() });
      return;
    }
    const asked = kind === 'throughput' ? throughput(seconds) : connections(seconds);
    asked.then(
      (value) => answer({ value }),
      (error: unknown) => answer({ error: String(error) }),
    );
  });
  answer({ value: 0 });
}

if (process.argv[2] === 'server') serve();
else ask();
process.stdin.on('close', () => process.exit(0)).resume();
