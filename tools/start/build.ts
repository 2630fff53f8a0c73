import { execFile } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { step } from './progress.ts';
import { StartError } from './settings.ts';

const run = promisify(execFile);

/** Builds the console's static files unless they are newer than everything they are made from; returns their folder. */
export async function buildConsole(root: string): Promise<string> {
  const room = join(root, 'apps/console');
  const dist = join(room, 'dist');
  const sources = [
    'apps/console/{src,public}/**/*',
    'apps/console/*.{ts,html,json}',
    'packages/{client,protocol,query}/src/**/*.ts',
    'package-lock.json',
  ];
  if (!isOlder(join(dist, 'index.html'), root, sources)) return dist;
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  await step('Building the console', () => build('the console', [vite, 'build', '--logLevel', 'error'], room));
  return dist;
}

/** Builds the agent's code bundle when it is missing or older than its sources. */
export async function buildAgent(root: string): Promise<void> {
  const sources = [
    'apps/agent/src/**/*.ts',
    'packages/{collectors,host,native,protocol,ecosystems,release}/src/**/*.ts',
    'package-lock.json',
  ];
  if (!isOlder(join(root, '.build/agent/agent.mjs'), root, sources)) return;
  await step('Building the agent', () => build('the agent', [join(root, 'tools/build-agent.ts')], root));
}

function isOlder(target: string, root: string, sources: string[]): boolean {
  if (!existsSync(target)) return true;
  const builtAt = statSync(target).mtimeMs;
  return globSync(sources, { cwd: root }).some((file) => statSync(join(root, file)).mtimeMs > builtAt);
}

async function build(what: string, args: string[], cwd: string): Promise<void> {
  // A shell or a test that says otherwise would get the libraries as their developers want them, half as large again.
  const env = { ...process.env, NODE_ENV: 'production' };
  try {
    await run(process.execPath, args, { cwd, env, maxBuffer: 16 * 1024 ** 2 });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().slice(-2000) : String(error);
    throw new StartError('failure', `${what} could not be built:\n${output}`, { cause: error });
  }
}
