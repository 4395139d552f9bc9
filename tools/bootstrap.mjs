/**
 * Makes a clean clone ready to run: installs what package-lock.json names, and with `--system NAME` the Debian packages of
 * that group. It is the only file that must run on Node 18 and later; everything else runs on the pinned Node from the lockfile.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Debian packages by group, each with the file whose presence says that it is installed. */
const SYSTEM = {
  lab: {
    nftables: ['/usr/sbin/nft'],
    iproute2: ['/usr/sbin/ip', '/sbin/ip'],
    conntrack: ['/usr/sbin/conntrack'],
    'iputils-ping': ['/usr/bin/ping', '/bin/ping'],
    curl: ['/usr/bin/curl'],
  },
  browser: { chromium: ['/usr/bin/chromium'] },
};

function fail(message) {
  process.stderr.write(`bootstrap: ${message}\n`);
  process.exit(1);
}

function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...env },
  });
  return result.status === 0;
}

function installPackages() {
  const stamp = `${root}node_modules/.lock-digest`;
  const digest = createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  const npm = process.env.npm_execpath;
  if (!npm) fail('run it through npm (npm test, npm run demo, npm start)');
  process.stderr.write('bootstrap: installing npm packages (once, about half a minute)\n');
  if (!run(process.execPath, [npm, 'ci', '--loglevel=error', '--no-audit', '--no-fund']))
    fail('npm ci failed; see the lines above');
  writeFileSync(`${stamp}.new`, digest);
  renameSync(`${stamp}.new`, stamp);
}

function installSystem(groups) {
  const missing = groups.flatMap((group) =>
    Object.entries(SYSTEM[group] ?? fail(`no such group of system packages: ${group}`))
      .filter(([, files]) => !files.some((file) => existsSync(file)))
      .map(([name]) => name),
  );
  if (missing.length === 0) return;
  const names = missing.join(' ');
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get'))
    fail(
      `missing: ${names}. This system has no apt-get; install them with its own package manager`,
    );
  if (process.getuid() !== 0) fail(`missing: ${names}. Run as root, or: apt-get install ${names}`);
  process.stderr.write(`bootstrap: installing ${names} with apt\n`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...missing];
  if (!run('apt-get', ['update', '-qq'], env) || !run('apt-get', install, env))
    fail(`apt-get could not install: ${names}; see the lines above`);
}

const args = process.argv.slice(2);
const groups = args.flatMap((arg, index) => (arg === '--system' ? [args[index + 1]] : []));
installPackages();
installSystem(groups);
