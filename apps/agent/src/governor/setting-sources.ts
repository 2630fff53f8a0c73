import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { explainSettings, unknownSettings, type Wishes } from '@vedette/protocol';
import { AgentError } from '../errors.ts';
import { readFileIfPresent, writeFileAtomic } from '../state/atomic-file.ts';

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

/** What the platform last set. */
export interface KeptProfile {
  readonly settings: Wishes;
  /** See CheckInReply; null where the platform gave none. */
  readonly digest: string | null;
}

const nothing: KeptProfile = { settings: {}, digest: null };

/** Kept, so that a restart does not fall back to the defaults. Nothing when it cannot be read. */
export function readProfile(stateDirectory: string): KeptProfile {
  try {
    const found = readFileIfPresent(join(stateDirectory, 'profile.json'), maxFileBytes);
    if (found === null) return nothing;
    // Beside the settings, where a version that knows no digest takes it for a setting it does not know.
    const { digest, ...settings } = asWishes(JSON.parse(found.toString('utf8')));
    return { settings, digest: typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest) ? digest : null };
  } catch {
    return nothing;
  }
}

/** False where it would be larger than what is read again. */
export function saveProfile(stateDirectory: string, { settings, digest }: KeptProfile): boolean {
  const document = JSON.stringify({ ...settings, ...(digest === null ? {} : { digest }) });
  if (document.length > maxFileBytes) return false;
  writeFileAtomic(join(stateDirectory, 'profile.json'), document);
  return true;
}

function asWishes(value: unknown): Wishes {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not a JSON object');
  return value as Wishes; // checked on the line above; explainSettings judges each value
}
