/** Questions in a terminal. */
import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { OperationalError } from '../operational-error.ts';

export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

export async function ask(question: string): Promise<string> {
  return (
    await answer(createInterface({ input: process.stdin, output: process.stderr }), question)
  ).trim();
}

/** What is typed is not shown. */
export async function askSecret(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // Before the question is shown, so that the terminal shows nothing of a quick answer either.
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write(question);
  try {
    return await answer(terminal, '');
  } finally {
    process.stderr.write('\n');
  }
}

async function answer(terminal: Interface, question: string): Promise<string> {
  try {
    return await terminal.question(question);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError')
      throw new OperationalError('Interrupted; nothing was set up');
    throw error;
  } finally {
    terminal.close();
  }
}
