import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Below this a compressed copy saves no packet. */
const leastBytes = 1024;

/** Puts a compressed copy beside every script and style sheet, once: the server has nothing to compress while somebody waits. */
export function compressPlugin(): Plugin {
  return {
    name: 'vedette-compress',
    apply: 'build',
    enforce: 'post',
    /** Of the files as they were written: until then other plugins put names into them. */
    async writeBundle({ dir = '' }, bundle) {
      for (const fileName of Object.keys(bundle).filter((name) => /\.(?:js|css|svg)$/.test(name))) {
        const source = await readFile(join(dir, fileName));
        if (source.length < leastBytes) continue;
        const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: source.length };
        await writeFile(join(dir, `${fileName}.br`), brotliCompressSync(source, { params }));
        await writeFile(join(dir, `${fileName}.gz`), gzipSync(source, { level: 9 }));
      }
    },
  };
}
