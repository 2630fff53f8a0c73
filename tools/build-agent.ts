import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
export const agentBundle = resolve(root, '.build/agent/agent.mjs');

/**
 * Packs the agent into one minified file. Stripping types at run time would cost every agent memory, and so would a schema library
 * whose schemas it never runs.
 */
export async function buildAgent(file = agentBundle): Promise<string> {
  mkdirSync(resolve(file, '..'), { recursive: true });
  await using bundle = await rolldown({
    input: resolve(root, 'apps/agent/src/main.ts'),
    platform: 'node',
    external: /^node:/,
    logLevel: 'warn',
  });
  await bundle.write({ file, format: 'esm', minify: true, codeSplitting: false });
  return file;
}

if (import.meta.main) process.stdout.write(`${await buildAgent()}\n`);
