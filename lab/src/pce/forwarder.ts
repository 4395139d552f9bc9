/**
 * Runs in the PCE's namespace: what connects to the Unix socket is carried to the PCE's port. A Unix socket has a path and no network,
 * so the operator's browser reaches the PCE without a link between the host's network and the lab's.
 */
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const [path = '', port = '8443'] = process.argv.slice(2);
rmSync(path, { force: true });
const server = createServer((near) => {
  const far = connect(Number(port), '127.0.0.1');
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
  near.on('close', () => far.destroy());
  far.on('close', () => near.destroy());
  near.pipe(far).pipe(near);
});
server.listen(path, () => process.stdout.write('ready\n'));
process.stdin.resume();
process.stdin.on('close', () => process.exit(0));
