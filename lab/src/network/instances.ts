import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { tryRun } from './commands.ts';

/**
 * A lab's namespaces are named `bh<owner pid>-<owner start>-<count>-<host>`, numbers in base 36. The kernel's list of them is
 * therefore the register of what was made and by whom, and it cannot be lost or be out of date: a lab is stale when no process
 * of that pid and start time runs.
 */
const NAME = /^(bh([0-9a-z]+)-([0-9a-z]+)-[0-9a-z]+)-[a-z0-9-]+$/;
const NAMESPACES = '/run/netns';
let made = 0;

function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22 counted from 1; the second holds the program's name in parentheses, with any character in it.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return Number(ticks).toString(36);
  } catch {
    return null;
  }
}

/** A prefix for the namespaces of one lab that no other lab has, here or in another process. */
export function newInstance(): string {
  made += 1;
  return `bh${process.pid.toString(36)}-${startOf(process.pid) ?? '0'}-${made.toString(36)}`;
}

export function listNamespaces(): string[] {
  try {
    return readdirSync(NAMESPACES);
  } catch {
    return [];
  }
}

function staleInstances(): Set<string> {
  const stale = new Set<string>();
  for (const name of listNamespaces()) {
    const [, instance, pid, start] = NAME.exec(name) ?? [];
    if (instance === undefined || pid === undefined) continue;
    if (startOf(Number.parseInt(pid, 36)) !== start) stale.add(instance);
  }
  return stale;
}

async function pidsIn(namespace: string): Promise<number[]> {
  const { stdout } = await tryRun('ip', ['netns', 'pids', namespace]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

async function emptied(namespaces: readonly string[], withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  for (;;) {
    const pids = (await Promise.all(namespaces.map(pidsIn))).flat();
    if (pids.length === 0) return true;
    if (performance.now() > until) return false;
    await delay(20);
  }
}

/** Ends what runs inside the instance's namespaces and removes them; their links and firewalls go with them. Safe to repeat. */
export async function removeInstance(instance: string): Promise<void> {
  const namespaces = listNamespaces().filter((name) => name.startsWith(`${instance}-`));
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    const pids = (await Promise.all(namespaces.map(pidsIn))).flat();
    for (const pid of pids) signal(pid, name);
    if (await emptied(namespaces, 3000)) break;
  }
  await Promise.all(namespaces.map((name) => tryRun('ip', ['netns', 'del', name])));
}

/** Removes labs whose owner was killed before it could. */
export async function removeStaleInstances(): Promise<readonly string[]> {
  const stale = [...staleInstances()];
  await Promise.all(stale.map(removeInstance));
  return stale;
}
