import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { isLazy, lazyBuiltins } from './build-agent/lazy-builtins.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const lazyZod = resolve(root, 'tools/build-agent/lazy-zod.ts');
/** This form of it is a function that the bundler calls where it is imported; the other one would be evaluated with the agent. */
const lazyPatterns = resolve(root, 'node_modules/re2js/build/index.cjs');
export const agentBundle = resolve(root, '.build/agent/agent.mjs');

/**
 * Packs the agent into one minified file. Stripping types at run time would cost every agent memory, and so would a schema library
 * whose schemas it never runs: see lazy-zod.ts.
 */
export async function buildAgent(file = agentBundle, input = resolve(root, 'apps/agent/src/main.ts')): Promise<string> {
  mkdirSync(resolve(file, '..'), { recursive: true });
  await using bundle = await rolldown({
    input,
    platform: 'node',
    external: (id) => id.startsWith('node:') && !isLazy(id),
    logLevel: 'warn',
    plugins: [
      lazyBuiltins,
      { name: 'lazy-patterns', resolveId: (id) => (id === 're2js' ? lazyPatterns : null) },
      { name: 'lazy-zod', resolveId: (id, from) => (id === 'zod' && from?.startsWith(root + 'packages/') ? lazyZod : null) },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
  // As a whole: others may be starting it.
  writeFileSync(`${file}.${pid}`, inAscii(uncompiled(output[0].code)));
  renameSync(`${file}.${pid}`, file);
  return file;
}

/**
 * A function that begins behind a bracket V8 compiles at once, since such a one is mostly called on the spot. The bundler writes those so that
 * are called when a lazy module is first used: a comma before them saves the memory of all that may never be.
 */
function uncompiled(code: string): string {
  return code.replaceAll(/(=\/\* @__PURE__ \*\/ [\w$]+)\(\((\w+|\([\w,]*\))=>\{/g, '$1((0,$2=>{');
}

/** V8 keeps a program in which one character is beyond Latin-1 with two bytes for each. Such characters occur in texts only. */
function inAscii(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

if (import.meta.main) process.stdout.write(`${await buildAgent()}\n`);
