import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/**
 * Makes src/ahead.ts a file of its own that runs before the rest has arrived. What a page names in its HTML vite puts together into
 * one script; hence an entry beside the page's.
 */
export function aheadPlugin(): Plugin {
  const source = fileURLToPath(new URL('src/ahead.ts', import.meta.url));
  return {
    name: 'vedette-ahead',
    apply: 'build',
    buildStart() {
      this.emitFile({ type: 'chunk', id: source, name: 'ahead' });
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle = {} }) {
        // The file that holds it, not the entry: that does nothing but fetch this file, a round trip later.
        const ahead = Object.values(bundle).find((file) => file.type === 'chunk' && file.moduleIds.includes(source));
        if (!ahead) throw new Error('src/ahead.ts was not built');
        for (const [name, file] of Object.entries(bundle)) {
          if (file !== ahead && file.type === 'chunk' && file.facadeModuleId === source) delete bundle[name];
        }
        const src = `/${ahead.fileName}`;
        return [{ tag: 'script', attrs: { type: 'module', async: true, crossorigin: true, src }, injectTo: 'head-prepend' }];
      },
    },
  };
}
