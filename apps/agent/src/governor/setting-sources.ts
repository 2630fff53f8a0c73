import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../errors.ts';
import { readFileIfPresent, writeFileAtomic } from '../state/atomic-file.ts';
import { explainSettings, unknownSettings, type Wishes } from './settings.ts';

const maxFileBytes = 64 * 1024;

/** What this host's owner has set. Throws AgentError CONFIG that names every problem: a typing error shall not pass for a setting. */
export function readHostSettings(file: string): Wishes {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return {};
  const wishes = parse(file);
  const unknown = unknownSettings(wishes).map((name) => `unknown setting ${name}`);
  const wrong = explainSettings({ host: wishes }).flatMap(({ name, source, note }) =>
    source === 'default' && note !== null ? [`${name}: ${note}`] : [],
  );
  const problems = [...unknown, ...wrong];
  if (problems.length > 0) throw new AgentError('CONFIG', `${file}: ${problems.join('; ')}`);
  return wishes;
}

function parse(file: string): Wishes {
  try {
    if (statSync(file).size > maxFileBytes) throw new Error(`larger than ${maxFileBytes} bytes`);
    return asWishes(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new AgentError('CONFIG', `${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** What the platform last set; kept, so that a restart does not fall back to the defaults. Empty when it cannot be read. */
export function readProfile(stateDirectory: string): Wishes {
  try {
    const found = readFileIfPresent(join(stateDirectory, 'profile.json'), maxFileBytes);
    return found === null ? {} : asWishes(JSON.parse(found.toString('utf8')));
  } catch {
    return {};
  }
}

/** True when it differs from what was kept before. */
export function saveProfile(stateDirectory: string, profile: Wishes): boolean {
  const document = JSON.stringify(profile);
  if (document.length > maxFileBytes || document === JSON.stringify(readProfile(stateDirectory))) return false;
  writeFileAtomic(join(stateDirectory, 'profile.json'), document);
  return true;
}

function asWishes(value: unknown): Wishes {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not a JSON object');
  return value as Wishes; // checked on the line above; explainSettings judges each value
}
