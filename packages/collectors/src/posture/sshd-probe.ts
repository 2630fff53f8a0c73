import { postureMarks, type Probe } from '@vedette/protocol';
import type { Host } from '../host.ts';
import { sshdConfigurations } from './allowed.ts';
import { attempt, contentOf, expand, ProbeRefused, reading, type Reading } from './places.ts';
import { looksSecret } from './secrets.ts';
import { effectiveSettings, sshdSettings } from './sshd.ts';

/** What a criterion of Match may be long. */
const matchChars = 120;

/** Keywords whose values are texts of the administrator's own. */
const freeText = /^(?:setenv|.*command|banner|versionaddendum)$/i;

export function readSshd(host: Host, { key }: Extract<Probe, { kind: 'sshd' }>): Reading[] {
  if (freeText.test(key)) throw new ProbeRefused(postureMarks.notAllowed);
  const main = sshdConfigurations.find((path) => host.stat(path) !== null);
  if (main === undefined) return [reading(key, postureMarks.absent)];
  const files = {
    read: (path: string) => contentOf(host, path, 'sshd'),
    expand: (pattern: string) => (/\*[^/]*[*/]|[?[]/.test(pattern) ? refuse() : expand(host, pattern)),
  };
  try {
    const settings = effectiveSettings(sshdSettings(main, key, files));
    const rows = settings.map(({ value, match, file }) => {
      const shown = looksSecret('', value) ? postureMarks.withheld : value;
      return reading(match === null ? key : `${key} (Match ${match.slice(0, matchChars)})`, shown, file);
    });
    return settings.some(({ match }) => match === null) ? rows : [reading(key, postureMarks.notSet, main), ...rows];
  } catch (error) {
    // A part of it cannot be read: what that part says may be what counts.
    if (error instanceof ProbeRefused) return [reading(key, error.mark, main)];
    return [
      reading(
        key,
        attempt(() => rethrow(error)),
        main,
      ),
    ];
  }
}

function refuse(): never {
  throw new ProbeRefused(postureMarks.notUnderstood);
}

function rethrow(error: unknown): never {
  throw error;
}
