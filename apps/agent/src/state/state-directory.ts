import { geteuid } from 'node:process';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { AgentError } from '../errors.ts';

/**
 * Makes sure that the state directory exists, is ours and is closed to others: it holds the private key. Throws AgentError STATE, with
 * what to do about it.
 */
export function openStateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    if (!found.isDirectory()) throw new AgentError('STATE', `${path} is not a directory`);
    const self = geteuid?.() ?? found.uid;
    if (found.uid !== self)
      throw new AgentError('STATE', `${path} belongs to user ${found.uid}; run as that user or choose another --state-dir`);
    if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw new AgentError('STATE', `the state directory ${path} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
