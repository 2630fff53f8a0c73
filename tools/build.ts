/** Builds what tests and people start besides the sources: the console and the agent's bundle, where they are out of date. */
import { join } from 'node:path';
import { buildAgent, buildConsole } from './start/build.ts';

const root = join(import.meta.dirname, '..');
await Promise.all([buildConsole(root), buildAgent(root)]);
