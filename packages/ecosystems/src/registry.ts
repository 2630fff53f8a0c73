import { debian } from './debian/index.ts';
import type { Ecosystem } from './ecosystem.ts';

/** Every ecosystem, by name; each is the folder of that name. */
export const ecosystems: Readonly<Record<Ecosystem['name'], Ecosystem>> = { debian };
