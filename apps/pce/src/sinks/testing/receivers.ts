/** Receivers as an operator has them, for tests: a syslog server over TCP, TLS or UDP, and a web server; each can go away and come back. */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { createServer as createWeb, type Server as Web } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer as createTcp, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import type { ServerIdentity } from '../../http/tls.ts';

const HOST = '127.0.0.1';

/** Takes frames counted by octets (RFC 6587); anything else ends the connection. */
export class SyslogReceiver {
  readonly messages: string[] = [];
  readonly #identity: Pick<ServerIdentity, 'certificate' | 'key'> | null;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  port = 0;

  /** With an identity: TLS. */
  constructor(identity: Pick<ServerIdentity, 'certificate' | 'key'> | null) {
    this.#identity = identity;
  }

  start(): Promise<void> {
    const server =
      this.#identity === null
        ? createTcp((socket) => this.#serve(socket))
        : createTls({ cert: this.#identity.certificate, key: this.#identity.key }, (socket) =>
            this.#serve(socket),
          );
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, HOST, () => {
        const address = server.address();
        this.port = typeof address === 'object' && address !== null ? address.port : 0;
        resolve();
      });
    });
  }

  /** As a server that is killed: its connections break. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    let buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk]);
      for (;;) {
        const space = buffer.indexOf(0x20);
        if (space < 0) return;
        const length = Number(buffer.subarray(0, space).toString('ascii'));
        if (!Number.isInteger(length) || length < 1) {
          socket.destroy();
          return;
        }
        if (buffer.length < space + 1 + length) return;
        this.messages.push(buffer.subarray(space + 1, space + 1 + length).toString('utf8'));
        buffer = buffer.subarray(space + 1 + length);
      }
    });
  }
}

export class DatagramReceiver {
  readonly messages: string[] = [];
  readonly #socket: Datagrams = createSocket('udp4');
  port = 0;

  start(): Promise<void> {
    this.#socket.on('message', (octets) => this.messages.push(octets.toString('utf8')));
    return new Promise((resolve) => {
      this.#socket.bind(0, HOST, () => {
        this.port = this.#socket.address().port;
        resolve();
      });
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }
}

export interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class WebReceiver {
  readonly posts: Post[] = [];
  /** What it answers. */
  status = 200;
  readonly #server: Web;
  port = 0;

  constructor(identity: Pick<ServerIdentity, 'certificate' | 'key'>) {
    this.#server = createWeb(
      { cert: identity.certificate, key: identity.key },
      (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          if (this.status < 300)
            this.posts.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
          response.writeHead(this.status).end();
        });
      },
    );
  }

  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(0, HOST, () => {
        const address = this.#server.address();
        this.port = typeof address === 'object' && address !== null ? address.port : 0;
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}
