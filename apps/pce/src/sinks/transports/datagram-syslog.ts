/** Syslog over UDP (RFC 5426): one datagram each. The network may lose them, and nobody hears of it. */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Message } from '../formats/message.ts';
import { syslogMessage, type Sender } from '../formats/syslog.ts';
import type { Transport } from './transport.ts';

/** The most that an IPv4 datagram carries. */
const MAX_OCTETS = 65_507;

export class DatagramSyslog implements Transport {
  readonly settleMs = 0;
  readonly #receiver: { readonly address: string; readonly port: number };
  readonly #sender: Sender;
  #socket: Socket | undefined;

  constructor(receiver: { readonly address: string; readonly port: number }, sender: Sender) {
    this.#receiver = receiver;
    this.#sender = sender;
  }

  async send(messages: readonly Message[]): Promise<void> {
    const { address, family } = await lookup(this.#receiver.address);
    const socket = (this.#socket ??= createSocket(family === 6 ? 'udp6' : 'udp4').on('error', () =>
      this.#drop(),
    ));
    for (const message of messages) {
      const octets = syslogMessage(message, this.#sender).subarray(0, MAX_OCTETS);
      await new Promise<void>((resolve, reject) => {
        socket.send(octets, this.#receiver.port, address, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      });
    }
  }

  delivered(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    this.#drop();
    return Promise.resolve();
  }

  /** The receiver's name may lead elsewhere later, also to an address of the other family. */
  #drop(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
