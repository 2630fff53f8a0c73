import { wholeNumber } from '../shared/whole-number.ts';

export interface LoadedModule {
  readonly name: string;
  readonly sizeBytes: number;
  readonly usedBy: string[];
  readonly taints: string;
}

/** Modules that are loaded at once; a distribution's kernel has some 5,000 in all. */
const maxModules = 4096;

/** Lines of proc_modules(5): name, size, count of uses, who uses it, state, address, taints in brackets. */
export function parseModules(text: string): LoadedModule[] {
  return text.split('\n', maxModules).flatMap((line) => {
    const [name = '', size = '', , users = '', , , taints = ''] = line.split(' ');
    const sizeBytes = wholeNumber(size, Number.MAX_SAFE_INTEGER);
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name) || sizeBytes === null) return [];
    const usedBy = users.split(',').filter((user) => /^[A-Za-z0-9_-]{1,64}$/.test(user) && user !== '-');
    return [{ name, sizeBytes, usedBy: usedBy.toSorted(), taints: /^\(([A-Z]{1,16})\)$/.exec(taints)?.[1] ?? '' }];
  });
}
