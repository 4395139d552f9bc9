import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { agentAnswerSchema, type AgentConfig, type ProbeResult } from './agent-messages.ts';
import { LabError, run, tryRun, type CommandOptions, type CommandResult } from './commands.ts';

const AGENT = fileURLToPath(new URL('agent.ts', import.meta.url));

export interface Probe {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly address: string;
  readonly port?: number;
  readonly timeoutMs?: number;
}

/** A running host of the lab. */
export interface LabHost {
  readonly name: string;
  readonly namespace: string;
  /** Its own part of the lab's data folder; `opt` in it is the host's /opt. */
  readonly folder: string;
  /** What to type for a shell on the host. */
  readonly shellLine: string;
  /** Runs a program as a user of that host would, with its network, name and files. */
  readonly exec: (
    file: string,
    args: readonly string[],
    options?: CommandOptions,
  ) => Promise<CommandResult>;
  /** Starts a program there and leaves it running; its end is the caller's. */
  readonly start: (file: string, args: readonly string[]) => ChildProcess;
  /** Tries the connections at the same time and answers in their order. */
  readonly probe: (probes: readonly Probe[]) => Promise<readonly ProbeResult[]>;
  /** Ids of the processes that run in the host's network. */
  readonly pids: () => Promise<readonly number[]>;
  readonly stop: () => void;
}

/** Environment of programs on a lab host: nothing of the environment that the lab was started with. */
export const HOST_ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

function startAgent(namespace: string, config: AgentConfig): ChildProcess {
  const inside = ['unshare', '--mount', '--uts', '--propagation', 'private', '--'];
  const agent = [process.execPath, AGENT, JSON.stringify(config)];
  return spawn('ip', ['netns', 'exec', namespace, ...inside, ...agent], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: HOST_ENV,
    // Ctrl-C in the terminal is for the owner of the lab, who stops the hosts in order.
    detached: true,
  });
}

/** Starts the host's process in a namespace that exists and waits until its ports answer. */
export async function startHost(namespace: string, config: AgentConfig): Promise<LabHost> {
  const child = startAgent(namespace, config);
  const { stdin, stdout, stderr, pid } = child;
  if (!stdin || !stdout || !stderr || pid === undefined)
    throw new LabError(`host ${config.name} could not be started`);
  const waiting = new Map<number, (results: readonly ProbeResult[] | null) => void>();
  let trouble = '';
  let last = 0;
  stderr.setEncoding('utf8').on('data', (text: string) => (trouble += text));
  stdin.on('error', () => {});
  createInterface({ input: stdout }).on('line', (line) => {
    const { id, results } = agentAnswerSchema.parse(JSON.parse(line));
    waiting.get(id)?.(results ?? []);
    waiting.delete(id);
  });
  const answer = (id: number): Promise<readonly ProbeResult[]> =>
    new Promise((resolve, reject) => {
      waiting.set(id, (results) => {
        if (results) resolve(results);
        else
          reject(
            new LabError(`host ${config.name} has stopped: ${trouble.trim() || 'no message'}`),
          );
      });
    });
  child.on('close', () => {
    for (const settle of waiting.values()) settle(null);
    waiting.clear();
  });
  await answer(0);
  const enter = ['--target', String(pid), '--mount', '--uts', '--net', '--wd=/root', '--'];
  return {
    name: config.name,
    namespace,
    folder: config.folder,
    shellLine: `nsenter --target ${pid} --mount --uts --net --wd=/root`,
    exec: (file, args, options = {}) =>
      tryRun('nsenter', [...enter, file, ...args], {
        ...options,
        env: { ...HOST_ENV, ...options.env },
      }),
    start: (file, args) =>
      spawn('nsenter', [...enter, file, ...args], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: HOST_ENV,
      }),
    probe: (probes) => {
      last += 1;
      const asked = probes.map(({ protocol, address, port, timeoutMs }) => ({
        protocol,
        address,
        port: port ?? 0,
        timeoutMs: timeoutMs ?? 1000,
      }));
      const results = answer(last);
      stdin.write(`${JSON.stringify({ id: last, probes: asked })}\n`);
      return results;
    },
    pids: async () =>
      (await run('ip', ['netns', 'pids', namespace])).split('\n').filter(Boolean).map(Number),
    stop: () => {
      stdin.end();
    },
  };
}
