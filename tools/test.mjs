/** `npm test`: every test, on a fresh clone too, to one last line "N passed, N failed". Plain JavaScript: it runs before anything is installed. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { checkoutNode, ensureInstalled, requireUsableMachine, root } from './install.mjs';

/** Debian's packages that tests run against, by the program that shows whether they are there. */
const programs = [
  { program: '/usr/bin/chromium', packages: ['chromium', 'fonts-liberation'], wants: /e2e|console/ },
  { program: '/usr/bin/rpm', packages: ['rpm'], wants: /oracle|scan|extractors|cli/ },
  { program: '/usr/bin/rpmbuild', packages: ['rpm'], wants: /package/ },
  { program: '/usr/bin/strip', packages: ['binutils'], wants: /package/ },
  { program: '/usr/bin/curl', packages: ['curl'], wants: /package/ },
  { program: '/usr/bin/openssl', packages: ['openssl'], wants: /agent|transport|cli|relay|release|cdn/ },
  { program: '/usr/sbin/squid', packages: ['squid'], wants: /agent|transport/ },
  { program: '/usr/sbin/nginx', packages: ['nginx-light'], wants: /agent|transport|cli|relay|release|cdn/ },
  { program: '/usr/bin/ss', packages: ['iproute2'], wants: /host|collectors/ },
  { program: '/usr/bin/zstd', packages: ['zstd'], wants: /feeds|first-story|server|knowledge/ },
  { program: '/usr/bin/zsh', packages: ['zsh'], wants: /cli|completion/ },
  { program: '/usr/bin/fish', packages: ['fish'], wants: /cli|completion/ },
  { program: '/usr/sbin/rsyslogd', packages: ['rsyslog', 'rsyslog-gnutls'], wants: /server|notifications|syslog/ },
  { program: '/usr/share/perl5/Dpkg/Version.pm', packages: ['libdpkg-perl'], wants: /scan/ },
];
const inCi = process.env.CI === 'true';
const filters = process.argv.slice(2);

requireUsableMachine();
ensureInstalled({ development: true });
ensurePrograms();
ensureBuilt();

const resultFile = join(root, '.build/test-result.json');
mkdirSync(join(root, '.build'), { recursive: true });
rmSync(resultFile, { force: true });
const temporary = temporaryFolder();
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultFile}`];
const run = spawnSync(checkoutNode(), [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...reporters, ...filters], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  // Tests that start "node" must get the same one.
  env: { ...process.env, TMPDIR: temporary, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}` },
});

removeTemporary();
const { passed, failed, skipped } = count();
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** A folder of this run, also for browsers and programs that are ended hard. Those of runs that were killed go with a later run. */
function temporaryFolder() {
  const prefix = 'vedette-tests-';
  const hourMs = 3_600_000;
  for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith(prefix))) {
    const folder = join(tmpdir(), name);
    const changedAt = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
    if (changedAt !== undefined && Date.now() - changedAt > hourMs) rmSync(folder, { recursive: true, force: true });
  }
  const own = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(own, 0o755); // PostgreSQL runs as a user of its own
  return own;
}

function removeTemporary() {
  // npm, which some tests start, keeps its own compiled code.
  const left = readdirSync(temporary).filter((name) => name !== 'node-compile-cache');
  if (left.length > 0) process.stdout.write(`left lying by tests: ${left.join(', ')}\n`);
  rmSync(temporary, { recursive: true, force: true });
}

function count() {
  if (!existsSync(resultFile)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(resultFile, 'utf8')); // vitest wrote it
  const tests = result.testResults.flatMap((file) => file.assertionResults);
  const skips = tests.filter((test) => !['passed', 'failed'].includes(test.status));
  // A file that cannot even be loaded has no tests, but has failed.
  const broken = result.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  let failed = tests.filter((test) => test.status === 'failed').length + broken.length;
  if (inCi && skips.length > 0) {
    // Where everything is there, a test that does not run is a failure.
    for (const test of skips) process.stdout.write(`not run in CI: ${test.fullName}\n`);
    failed += skips.length;
  }
  // Errors outside of any test, such as an unhandled rejection, show only here.
  if (run.status !== 0 && failed === 0) failed = 1;
  return { passed: result.numPassedTests, failed, skipped: inCi ? 0 : skips.length };
}

/** Tests start the built console and the agent's bundle; what cannot be built fails there, by name. */
function ensureBuilt() {
  spawnSync(checkoutNode(), [join(root, 'tools/build.ts')], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Installs the programs of Debian that tests need; where that is not possible those tests say that they skip. */
function ensurePrograms() {
  const missing = programs.filter(
    ({ program, wants }) => !existsSync(program) && (filters.length === 0 || filters.some((filter) => wants.test(filter))),
  );
  if (missing.length === 0) return;
  const names = missing.flatMap(({ packages }) => packages);
  if (process.getuid() !== 0 || !existsSync('/usr/bin/apt-get')) {
    process.stderr.write(`Tests that need ${names.join(', ')} will be skipped (Debian: apt-get install ${names.join(' ')})\n`);
    return;
  }
  process.stderr.write(`Installing ${names.join(', ')} for the tests (once) …\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  apt('update');
  const { status, stderr } = apt('install', '-y', '--no-install-recommends', ...names);
  if (status !== 0) process.stderr.write(`They could not be installed; their tests will be skipped.\n${stderr.slice(-1000)}\n`);
}
