import { getBuiltinModule } from 'node:process';
import type { Plugin } from 'rolldown';

const prefix = '\0lazy:';
/** Those that cost most when they are loaded, in memory that would stay part of the peak. */
const lazy = new Set(['node:crypto', 'node:dns/promises', 'node:net', 'node:util', 'node:zlib']);

export const isLazy = (id: string): boolean => lazy.has(id);

/**
 * Makes imports of some of Node's modules load at the first call of a function and not at the start, before the agent has given back
 * what starting took. Of such a module the agent may import functions and constants, no classes.
 */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  resolveId: (id) => (lazy.has(id) ? { id: prefix + id, moduleSideEffects: false } : null),
  load: (id) => (id.startsWith(prefix) ? source(id.slice(prefix.length)) : null),
};

function source(id: string): string {
  const exported = Object.entries(getBuiltinModule(id) as object).filter(
    ([name]) => /^[A-Za-z]\w*$/.test(name) && name !== 'default',
  );
  const lines = exported.map(([name, value]: [string, unknown]) =>
    typeof value === 'function'
      ? `export function ${name}(...args) { return load().${name}(...args); }`
      : `export const ${name} = ${JSON.stringify(value)};`,
  );
  return [`const load = () => process.getBuiltinModule(${JSON.stringify(id)});`, ...lines].join('\n');
}
