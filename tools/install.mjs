/**
 * Brings node_modules to the state of the lock file. Plain JavaScript without dependencies: it runs before anything is installed, on
 * any Node from 20 on.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statfsSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installed = join(root, 'node_modules/.package-lock.json');

/** Exit codes of `npm start`; README lists them. 69, 73, 74 and 77 are those of sysexits(3). */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  unassessed: 3,
  portInUse: 69,
  cannotCreate: 73,
  noSpace: 74,
  noPermission: 77,
};

/** Ends the process with what happened, to what, and what to do about it. */
export function fail(code, message) {
  process.stderr.write(`\nvedette: ${message}\n`);
  process.exit(code);
}

/** Path of the Node that the checkout brings along. */
export function checkoutNode() {
  return join(root, `node_modules/node-linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}/bin/node`);
}

export function requireUsableMachine() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) fail(exitCodes.failure, `this is Node ${process.versions.node}; install Node 20 or newer and try again.`);
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    fail(exitCodes.failure, `${process.platform}/${process.arch} is not supported yet; use Linux on x64 or arm64.`);
  }
}

/** Installs what is missing; with `development` also what only tests and checks need. */
export function ensureInstalled({ development }) {
  const stale = !existsSync(installed) || statSync(join(root, 'package-lock.json')).mtimeMs > statSync(installed).mtimeMs;
  const hasDevelopment = existsSync(join(root, 'node_modules/vitest'));
  if (!stale && existsSync(checkoutNode()) && (hasDevelopment || !development)) return requireWorkingNode();
  requireSpace(root, 1024);
  process.stderr.write(`Installing packages (${development ? 'about 650' : 'about 530'} MB, once) …\n`);
  const omit = development || (stale && hasDevelopment) ? [] : ['--omit=dev'];
  // On top of a present installation without the development packages only those are added; `ci` would start from nothing.
  const command = stale || !existsSync(checkoutNode()) ? ['ci'] : ['install', '--no-save'];
  runNpm([...command, ...omit]);
  if (!existsSync(checkoutNode()))
    fail(exitCodes.failure, `npm installed no Node for ${process.arch}; is "optional" switched off in an npmrc?`);
  const now = new Date();
  utimesSync(installed, now, now);
  requireWorkingNode();
}

/** Node 26 needs libatomic, which minimal systems lack: it is installed where that is possible, and named where not. */
function requireWorkingNode() {
  const start = () => spawnSync(checkoutNode(), ['--version'], { encoding: 'utf8' });
  let { status, stderr } = start();
  if (status === 0) return;
  if (stderr?.includes('libatomic') && process.getuid() === 0 && existsSync('/usr/bin/apt-get')) {
    process.stderr.write('Installing libatomic1, which Node 26 needs …\n');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['-qq', 'update'], { env, stdio: 'ignore' });
    spawnSync('apt-get', ['-qq', 'install', '-y', '--no-install-recommends', 'libatomic1'], { env, stdio: 'ignore' });
    ({ status, stderr } = start());
    if (status === 0) return;
  }
  const advice = stderr?.includes('libatomic')
    ? 'it needs libatomic: apt-get install libatomic1 (Debian, Ubuntu) or dnf install libatomic, then try again.'
    : `${stderr?.trim() || 'no reason given'}. Delete node_modules and try again.`;
  fail(exitCodes.failure, `${checkoutNode()} does not start: ${advice}`);
}

function runNpm(args) {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--progress=false', '--include=optional'];
  const started = Date.now();
  const npm = spawnSync('npm', [...args, ...quiet], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    env: npmEnvironment(),
  });
  if (npm.error) fail(exitCodes.failure, `npm cannot be started (${npm.error.message}); Node's installation brings it along.`);
  if (npm.status !== 0) fail(...explainNpm(npm.stderr));
  process.stderr.write(`Packages installed in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Without the settings that an outer npm hands down: its `loglevel=silent` would hide why an installation failed. */
function npmEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_(loglevel|omit|nodedir)$/i.test(name)));
}

function explainNpm(stderr) {
  const code = /code (E[A-Z0-9]+)/.exec(stderr)?.[1] ?? 'unknown';
  const detail = stderr
    .split('\n')
    .filter((line) => line.startsWith('npm error') && !/complete log|code E/.test(line))
    .slice(0, 6)
    .join('\n');
  const advice = {
    ENOTFOUND: 'The npm registry cannot be reached: connect this machine, or set "registry" in an npmrc to a mirror.',
    EAI_AGAIN: 'The npm registry cannot be reached: connect this machine, or set "registry" in an npmrc to a mirror.',
    ECONNREFUSED: 'The npm registry refuses connections: check "registry" and "proxy" in your npmrc.',
    ETIMEDOUT: 'The npm registry does not answer: check the network and the "proxy" setting.',
    ENOSPC: 'The disk is full: free at least 1 GB and try again.',
    EACCES: `This user may not write to ${root}: use a clone that belongs to you.`,
    EROFS: `${root} is read-only: clone to a place that can be written.`,
    EUSAGE: 'package-lock.json does not fit package.json: run "npm install" and "node tools/complete-lock.ts".',
  }[code];
  const exit =
    { ENOSPC: exitCodes.noSpace, EACCES: exitCodes.noPermission, EROFS: exitCodes.noPermission }[code] ?? exitCodes.failure;
  return [exit, `the packages could not be installed (${code}).\n${advice ?? 'npm says:'}\n${detail}`];
}

/** Ends the process when less than `megabytes` are free at `path`. */
export function requireSpace(path, megabytes) {
  const { bavail, bsize } = statfsSync(path);
  const free = Math.floor((bavail * bsize) / 1024 ** 2);
  if (free < megabytes) {
    fail(
      exitCodes.noSpace,
      `only ${free} MB are free at ${path}, ${megabytes} MB are needed: free some space or choose another disk.`,
    );
  }
}
