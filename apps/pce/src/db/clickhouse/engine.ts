/**
 * Program of the child process that holds the embedded ClickHouse engine, and nothing else. It answers its parent on a Unix socket and ends
 * with it. Arguments: data folder, socket.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { SETTINGS } from './settings.ts';

const [, , folder, socket] = process.argv;
if (folder === undefined || socket === undefined)
  throw new Error('expected the data folder and the socket');

// The hook takes any connection; its declared type names the client's own class.
const connection = createChdbConnection({ path: folder }) as unknown;
const client: ClickHouseClient = createClient({
  connection,
  clickhouse_settings: SETTINGS,
} as Parameters<typeof createClient>[0]);

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://engine');
  switch (url.pathname) {
    case '/ping':
      response.end();
      return;
    case '/command':
      await client.command({ query: await text(request) });
      response.end();
      return;
    case '/insert':
      await client.insert({
        table: url.searchParams.get('table') ?? '',
        values: JSON.parse(await text(request)),
        format: 'JSONEachRow',
      });
      response.end();
      return;
    case '/query': {
      const { sql, params } = JSON.parse(await text(request));
      const result = await client.query({
        query: sql,
        query_params: params,
        format: 'JSONEachRow',
      });
      const rows = result.stream();
      await pipeline(
        rows,
        async function* lines(batches: AsyncIterable<readonly { text: string }[]>) {
          for await (const batch of batches) yield batch.map((row) => `${row.text}\n`).join('');
        },
        response,
      );
      return;
    }
    default:
      response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    if (response.headersSent) response.destroy();
    else response.writeHead(500).end(error instanceof Error ? error.message : String(error));
  });
});
server.requestTimeout = 0;
server.listen(socket, () => process.send?.('ready'));

function end(): void {
  server.close();
  server.closeAllConnections();
  void client.close().finally(() => process.exit(0));
}
process.on('disconnect', end);
process.on('SIGTERM', end);
// Ctrl-C in the terminal is for the PCE, which ends this process after its last write.
process.on('SIGINT', () => undefined);
