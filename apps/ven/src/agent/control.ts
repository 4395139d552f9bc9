/** The daemon's control socket: one line of JSON asked, one answered. Only root can open it (0600, folder 0700). */
import { promises as fs } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { z } from 'zod';
import { explainQuestionSchema } from './explain.ts';
import { messageOf } from './log.ts';

const controlRequestSchema = z.discriminatedUnion('command', [
  z.object({ command: z.literal('status') }),
  z.object({ command: z.literal('show-policy') }),
  z.object({ command: z.literal('explain'), question: explainQuestionSchema }),
  /** `quiet`: it starts again at once, the PCE need not know. */
  z.object({ command: z.literal('stop'), quiet: z.boolean() }),
  z.object({ command: z.literal('unpair'), restore: z.enum(['saved', 'recommended', 'open']) }),
  /** As `unpair saved`, but the program stays. */
  z.object({ command: z.literal('deactivate') }),
  z.object({ command: z.literal('suspend') }),
  z.object({ command: z.literal('unsuspend') }),
]);
export type ControlRequest = z.infer<typeof controlRequestSchema>;

const controlAnswerSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);

class ControlError extends Error {
  override readonly name = 'ControlError';
}

const MAX_REQUEST_BYTES = 64 * 1024;
const MAX_PATH_BYTES = 107;
const ANSWER_TIMEOUT_MS = 60_000;

/** Opens the socket. Rejects with ControlError when another daemon answers there already. */
export async function openControlServer(
  path: string,
  handle: (request: ControlRequest) => Promise<unknown>,
): Promise<Server> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new ControlError(
      `${path} is too long for a socket: at most ${MAX_PATH_BYTES} bytes; use a data folder with a shorter path`,
    );
  }
  if ((await askDaemon(path, { command: 'status' })) !== null) {
    throw new ControlError('another VEN daemon runs with this data folder');
  }
  await fs.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await fs.rm(path, { force: true });
  const server = createServer((socket) => serve(socket, handle));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await fs.chmod(path, 0o600);
  return server;
}

function serve(socket: Socket, handle: (request: ControlRequest) => Promise<unknown>): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > MAX_REQUEST_BYTES) socket.destroy();
    const end = text.indexOf('\n');
    if (end === -1) return;
    const line = text.slice(0, end);
    socket.removeAllListeners('data');
    void answer(line, handle).then((reply) => socket.end(`${JSON.stringify(reply)}\n`));
  });
}

async function answer(
  line: string,
  handle: (request: ControlRequest) => Promise<unknown>,
): Promise<z.input<typeof controlAnswerSchema>> {
  try {
    return { ok: true, result: await handle(controlRequestSchema.parse(JSON.parse(line))) };
  } catch (error) {
    return { ok: false, message: messageOf(error) };
  }
}

/** The daemon's answer; null when none runs there. Rejects with ControlError when it answers with a failure. */
export function askDaemon(
  path: string,
  request: ControlRequest,
): Promise<{ readonly result: unknown } | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_TIMEOUT_MS, () =>
      socket.destroy(new ControlError('the VEN daemon did not answer within 60 s')),
    );
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null);
      else reject(error);
    });
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('close', (hadError) => {
      if (hadError) return;
      try {
        const parsed = controlAnswerSchema.parse(JSON.parse(text));
        if (parsed.ok) resolve({ result: parsed.result });
        else reject(new ControlError(parsed.message));
      } catch {
        reject(new ControlError('the VEN daemon ended without an answer'));
      }
    });
  });
}
