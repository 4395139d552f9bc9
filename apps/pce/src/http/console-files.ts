/** The web console: its built files, and its page for every path that is not the API's. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Where the build of the console lies, beside this program. */
const CONSOLE = fileURLToPath(new URL('../../../console/dist/', import.meta.url));

/** Answers whether the console is there. */
export async function serveConsole(app: FastifyInstance, folder = CONSOLE): Promise<boolean> {
  if (!existsSync(join(folder, 'index.html'))) return false;
  await app.register(fastifyStatic, {
    root: folder,
    index: ['index.html'],
    wildcard: false,
    cacheControl: false,
    setHeaders(reply, path) {
      // Names under assets hold a hash of their content.
      const immutable = path.startsWith(join(folder, 'assets/'));
      void reply.header(
        'cache-control',
        immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
  return true;
}
