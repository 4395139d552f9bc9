/**
 * Syslog over TCP or TLS. The protocol acknowledges nothing, so delivery is inferred: the receiver's kernel has acknowledged every octet,
 * and the connection has stayed open for a while after that. A receiver that ends or dies breaks the connection, and what had not settled
 * is sent again.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Message } from '../formats/message.ts';
import { framed, syslogMessage, type Sender } from '../formats/syslog.ts';
import type { Transport } from './transport.ts';
import { unacknowledged } from './unacknowledged.ts';

const CONNECT_MS = 10_000;
const WRITE_MS = 15_000;
const CLOSE_MS = 2000;
const SETTLE_MS = 2000;

export interface StreamReceiver {
  readonly address: string;
  readonly port: number;
  /** Null: plain TCP. */
  readonly tls: { readonly ca: string | null; readonly verify: boolean } | null;
}

export class StreamSyslog implements Transport {
  readonly settleMs = SETTLE_MS;
  readonly #receiver: StreamReceiver;
  readonly #sender: Sender;
  #socket: Socket | undefined;
  #opened: Promise<Socket> | undefined;
  #failure: Error | undefined;
  #closed = false;

  constructor(receiver: StreamReceiver, sender: Sender) {
    this.#receiver = receiver;
    this.#sender = sender;
  }

  async send(messages: readonly Message[]): Promise<void> {
    this.#throwFailure();
    const socket = await (this.#opened ??= this.#connect());
    for (const message of messages)
      await this.#write(socket, framed(syslogMessage(message, this.#sender)));
  }

  async delivered(): Promise<boolean> {
    this.#throwFailure();
    const socket = this.#socket;
    if (socket === undefined) return true;
    const waiting = await unacknowledged(socket);
    this.#throwFailure();
    return waiting === 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    if (socket.connecting) {
      socket.destroy();
      return;
    }
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => socket.destroy(), CLOSE_MS);
      socket.once('close', () => {
        clearTimeout(late);
        resolve();
      });
      socket.end();
    });
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #connect(): Promise<Socket> {
    const { address, port, tls } = this.#receiver;
    return new Promise((resolve, reject) => {
      const options = { host: address, port };
      const socket =
        tls === null
          ? connectTcp(options)
          : connectTls({
              ...options,
              ...(isIP(address) === 0 ? { servername: address } : {}),
              ...(tls.ca === null ? {} : { ca: tls.ca }),
              rejectUnauthorized: tls.verify,
              minVersion: 'TLSv1.2',
            });
      this.#socket = socket;
      const late = setTimeout(
        () => socket.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`)),
        CONNECT_MS,
      );
      let error: Error | undefined;
      socket.on('error', (cause) => {
        error = cause;
      });
      socket.once('close', () => {
        clearTimeout(late);
        const cause = error ?? new Error('the receiver closed the connection');
        reject(cause);
        if (!this.#closed) this.#failure = cause;
      });
      // Nothing is expected back; what comes must not fill a buffer, and an end must be seen.
      socket.resume();
      socket.once('end', () => socket.destroy());
      socket.once(tls === null ? 'connect' : 'secureConnect', () => {
        clearTimeout(late);
        socket.setKeepAlive(true, 30_000);
        socket.setNoDelay(true);
        resolve(socket);
      });
    });
  }

  #write(socket: Socket, octets: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => socket.destroy(new Error(`the receiver took nothing for ${WRITE_MS / 1000} s`)),
        WRITE_MS,
      );
      socket.write(octets, (error) => {
        clearTimeout(late);
        if (error == null) resolve();
        else reject(error);
      });
    });
  }
}
