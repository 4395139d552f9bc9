/** DNS messages and a server for tests. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export const TYPE_A = 1;
export const TYPE_CNAME = 5;
export const TYPE_AAAA = 28;

export interface TestRecord {
  readonly name: string;
  readonly type: number;
  readonly ttl: number;
  /** Address bytes, or the name of an alias. */
  readonly data: Buffer | string;
}

export interface TestMessage {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** Null: a question. */
  readonly records: readonly TestRecord[] | null;
  readonly flags?: number;
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').map((label) => {
    const text = Buffer.from(label, 'latin1');
    return Buffer.concat([Buffer.from([text.length]), text]);
  });
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16BE(value, 2 * index));
  return bytes;
}

/** Records whose name is the question's have a pointer to it, as servers send them. */
export function dnsBytes({ id, name, type, records, flags }: TestMessage): Buffer {
  const list = records ?? [];
  const usual = records === null ? 0x0100 : 0x8180;
  return Buffer.concat([
    numbers(id, flags ?? usual, 1, list.length, 0, 0),
    nameBytes(name),
    numbers(type, 1),
    ...list.flatMap((record) => {
      const data = typeof record.data === 'string' ? nameBytes(record.data) : record.data;
      return [
        record.name === name ? Buffer.from([0xc0, 12]) : nameBytes(record.name),
        numbers(record.type, 1, record.ttl >>> 16, record.ttl & 0xffff, data.length),
        data,
      ];
    }),
  ]);
}

export const aRecord = (name: string, address: string, ttl = 300): TestRecord => ({
  name,
  type: TYPE_A,
  ttl,
  data: Buffer.from(address.split('.').map(Number)),
});
export const anAlias = (name: string, target: string, ttl = 300): TestRecord => ({
  name,
  type: TYPE_CNAME,
  ttl,
  data: target,
});

/** Answers every question for an IPv4 address by `answer`, and says when it did. */
export async function startDnsServer(
  address: string,
  answer: (name: string) => readonly TestRecord[],
): Promise<Socket> {
  const server = createSocket('udp4');
  server.on('message', (question, from) => {
    const end = question.indexOf(0, 12);
    const type = question.readUInt16BE(end + 1);
    const labels: string[] = [];
    for (let at = 12; at < end; at += 1 + (question[at] ?? 0)) {
      labels.push(question.toString('latin1', at + 1, at + 1 + (question[at] ?? 0)));
    }
    const name = labels.join('.');
    const records = type === TYPE_A ? answer(name) : [];
    server.send(
      dnsBytes({ id: question.readUInt16BE(0), name, type, records }),
      from.port,
      from.address,
    );
  });
  server.bind(53, address);
  await once(server, 'listening');
  return server;
}
