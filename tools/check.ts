import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** `npm run check`: types, lint, format and unused code, side by side; prints only what failed. */
const root = join(import.meta.dirname, '..');
const binaries = join(root, 'node_modules');

// Each checker of types works out the same types again, and the linter has as many as processors: where there are two of these, one
// each takes half the time of what they would start by themselves.
const environment = { ...process.env, GOMAXPROCS: String(Math.max(1, Math.floor(availableParallelism() / 2))) };
const checks = [
  { name: 'types (tsc -b)', args: ['typescript/bin/tsc', '-b', '--checkers', '1'] },
  { name: 'lint (oxlint)', args: ['oxlint/bin/oxlint'] },
  { name: 'format (oxfmt --check)', args: ['oxfmt/bin/oxfmt', '--check'] },
  { name: 'unused code (knip)', args: ['knip/bin/knip.js', '--no-progress', '--no-config-hints'] },
] as const;

async function run({ name, args: [file, ...args] }: (typeof checks)[number]): Promise<boolean> {
  const started = performance.now();
  const child = spawn(process.execPath, [join(binaries, file), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'}  ${name}  ${seconds} s\n${status === 0 ? '' : output}`);
  return status === 0;
}

const results = await Promise.all(checks.map(run));
process.exitCode = results.every(Boolean) ? 0 : 1;
