/** One WebSocket of a VEN: messages in and out, and whether somebody is at the other end. */
import { WebSocket, type RawData } from 'ws';
import {
  venMessageSchema,
  type PceMessage,
  type VenMessage,
  type VenSettings,
} from '@bulkhead/contract';
import type { Clock } from '../deps.ts';

const PONG_MS = 2500;

/** Codes that a channel is closed with. */
export const CLOSE = {
  protocol: 4400,
  clone: 4409,
  unpaired: 4410,
  replaced: 4411,
  goingDown: 1001,
} as const;

export function send(socket: WebSocket, message: PceMessage): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

export function sendSettings(socket: WebSocket, settings: VenSettings): void {
  send(socket, {
    type: 'settings',
    maintenance_token_required: settings.maintenance_token_required,
  });
}

export function parseVenMessage(data: RawData): VenMessage | undefined {
  const text = Buffer.isBuffer(data) ? data.toString('utf8') : undefined;
  if (text === undefined) return undefined;
  try {
    const parsed = venMessageSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export function timestamp(text: string, clock: Clock): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? clock.now().toISOString() : new Date(time).toISOString();
}

export function answersPing(socket: WebSocket): Promise<boolean> {
  if (socket.readyState !== WebSocket.OPEN) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = (alive: boolean) => (): void => {
      clearTimeout(timer);
      socket.off('pong', onPong);
      socket.off('close', onClose);
      resolve(alive);
    };
    const onPong = finish(true);
    const onClose = finish(false);
    const timer = setTimeout(onClose, PONG_MS);
    socket.once('pong', onPong);
    socket.once('close', onClose);
    socket.ping();
  });
}
