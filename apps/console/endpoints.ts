import { fileURLToPath } from 'node:url';
import { endpoints } from '@vedette/protocol';
import type { Plugin } from 'vite';

/**
 * Puts the addresses of the public API and the names of what a query may hold into the console, without the schemas behind them: `call`
 * takes a reply as the endpoint describes it and checks nothing, and building every schema of the API took more of the first page than
 * its own code. What a page does check it imports from the protocol by name, and has.
 */
export function endpointsPlugin(): Plugin {
  const described = fileURLToPath(new URL('../../packages/protocol/src/api/endpoints.ts', import.meta.url));
  return {
    name: 'vedette-endpoints',
    apply: 'build',
    enforce: 'pre',
    load(id) {
      if (id !== described) return null;
      const addresses = Object.entries(endpoints).map(([name, { method, path, query }]) => {
        const shape = 'shape' in query ? Object.fromEntries(Object.keys(query.shape).map((each) => [each, null])) : undefined;
        return [name, { method, path, query: { shape } }];
      });
      return { code: `export const endpoints = ${JSON.stringify(Object.fromEntries(addresses))};`, moduleType: 'js' };
    },
  };
}
