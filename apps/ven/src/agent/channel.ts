/** The long-lived channel to the PCE: connects, keeps alive, reconnects with full jitter, at most one attempt a second. */
import { isIP } from 'node:net';
import { pceMessageSchema, type PceMessage, type VenMessage } from '@bulkhead/contract';
import { WebSocket, type RawData } from 'ws';
import { messageOf, type Log } from './log.ts';
import type { PceAddress } from './pce-client.ts';
import { formatServer } from './settings.ts';

const MIN_BETWEEN_ATTEMPTS_MS = 1_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const PING_MS = 20_000;
/** A connection that ends sooner counts as a failed attempt: whoever ends it at once is not asked every second. */
const LASTING_MS = 10_000;
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

export interface ChannelDeps {
  readonly pce: PceAddress;
  readonly token: () => string;
  readonly maxWaitMs: number;
  readonly log: Log;
  /** 0 to 1. */
  readonly random: () => number;
  readonly opened: () => void;
  readonly received: (message: PceMessage) => void;
  /** The PCE knows this VEN no more (401): trying again is for later, the policy stays. */
  readonly refused: (status: number) => void;
}

export interface Channel {
  /** False when the channel is not open; the message is gone then. */
  send(message: VenMessage): boolean;
  isOpen(): boolean;
  /** Local address of the open connection. */
  localAddress(): string | null;
  /** Drops the connection and connects anew: after the network changed. */
  renew(): void;
  close(): void;
}

export function openChannel(deps: ChannelDeps): Channel {
  const { pce, log } = deps;
  let socket: WebSocket | null = null;
  let timer: NodeJS.Timeout | null = null;
  let pinger: NodeJS.Timeout | null = null;
  let failures = 0;
  let lastAttempt = 0;
  let closed = false;
  // the first attempt of a start need not be spread: hosts start one by one
  let wanted = true;

  function schedule(): void {
    if (closed || timer !== null) return;
    const spread = Math.min(deps.maxWaitMs, 500 * 2 ** Math.min(failures, 20));
    const jitter = wanted ? 0 : deps.random() * spread;
    const earliest = lastAttempt + MIN_BETWEEN_ATTEMPTS_MS - Date.now();
    wanted = false;
    timer = setTimeout(connect, Math.max(earliest, jitter, 0));
  }

  function connect(): void {
    timer = null;
    lastAttempt = Date.now();
    const attempt = new WebSocket(`wss://${formatServer(pce.host, pce.port)}/api/v2/ven/channel`, {
      headers: { authorization: `Bearer ${deps.token()}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      minVersion: 'TLSv1.2',
      perMessageDeflate: false,
      ...(isIP(pce.host) === 0 ? { servername: pce.host } : {}),
      ...(pce.ca === null ? {} : { ca: pce.ca }),
    });
    socket = attempt;
    let alive = true;
    let openedAt: number | null = null;
    attempt.on('open', () => {
      openedAt = Date.now();
      log.info('channel is open', { pce: pce.host });
      pinger = setInterval(() => {
        if (!alive) {
          attempt.terminate();
          return;
        }
        alive = false;
        attempt.ping();
      }, PING_MS);
      deps.opened();
    });
    attempt.on('pong', () => (alive = true));
    attempt.on('message', (data) => {
      alive = true;
      receive(attempt, textOf(data));
    });
    attempt.on('unexpected-response', (request, response) => {
      const status = response.statusCode ?? 0;
      log.warn('the PCE refused the channel', { status });
      response.resume();
      request.destroy();
      if (status === 401 || status === 403) deps.refused(status);
      attempt.emit('close');
    });
    attempt.on('error', (error) => {
      if (failures === 0) log.warn('no channel to the PCE', { reason: messageOf(error) });
    });
    attempt.on('close', () => {
      if (socket !== attempt) return;
      socket = null;
      if (pinger !== null) clearInterval(pinger);
      pinger = null;
      const lasted = openedAt !== null && Date.now() - openedAt > LASTING_MS;
      failures = lasted ? 1 : failures + 1;
      schedule();
    });
  }

  function receive(from: WebSocket, text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = null;
    }
    const parsed = pceMessageSchema.safeParse(value);
    if (parsed.success) {
      deps.received(parsed.data);
      return;
    }
    const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : null;
    const message = `message of type ${JSON.stringify(type)} is not understood`;
    log.warn(message);
    from.send(JSON.stringify({ type: 'error', message } satisfies VenMessage));
  }

  schedule();
  return {
    send(message) {
      if (socket === null || socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    isOpen: () => socket?.readyState === WebSocket.OPEN,
    localAddress: () => localAddressOf(socket),
    renew() {
      wanted = true;
      failures = 0;
      if (timer !== null) {
        clearTimeout(timer);
        timer = null;
        schedule();
      } else socket?.terminate();
    },
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      if (pinger !== null) clearInterval(pinger);
      socket?.close(1000);
      const last = socket;
      socket = null;
      // a peer that does not close in time is left
      if (last !== null) setTimeout(() => last.terminate(), 500).unref();
    },
  };
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}

/** `ws` keeps its TCP socket in a member that its types do not name. */
function localAddressOf(socket: WebSocket | null): string | null {
  if (socket === null || socket.readyState !== WebSocket.OPEN) return null;
  const inner: unknown = Reflect.get(socket, '_socket');
  if (typeof inner !== 'object' || inner === null) return null;
  const address: unknown = Reflect.get(inner, 'localAddress');
  return typeof address === 'string' ? address.replace(/^::ffff:/, '') : null;
}
