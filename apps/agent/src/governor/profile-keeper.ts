import { isDeepStrictEqual } from 'node:util';
import {
  type CheckInReply,
  effectiveSettings,
  type Enrolled,
  explainSettings,
  type Settings,
  type SettingsReport,
  unknownSettings,
  type Wishes,
} from '@vedette/protocol';
import { type KeptProfile, readProfile, saveProfile } from './setting-sources.ts';

export interface ProfileKeeperParts {
  readonly stateDirectory: string;
  /** Of the enrollment: until the platform has said more. */
  readonly schedule: Enrolled['schedule'];
  /** What this host's owner has set, which wins. */
  readonly host: Wishes;
  readonly onChange: (settings: Settings) => void;
}

const maxReported = 64;
const maxNoteLength = 200;

/** What the platform's configuration profiles set on this agent, as far as it is within the limits and the host's owner has not set it. */
export class ProfileKeeper {
  readonly #parts: ProfileKeeperParts;
  #profile: KeptProfile;

  constructor(parts: ProfileKeeperParts) {
    this.#parts = parts;
    const kept = readProfile(parts.stateDirectory);
    this.#profile = { ...kept, settings: { ...parts.schedule, ...kept.settings } };
  }

  get settings(): Settings {
    return effectiveSettings(this.#wishes);
  }

  /** What the platform is told of it. */
  report(): SettingsReport {
    const { digest, settings } = this.#profile;
    const explained = explainSettings(this.#wishes);
    const host = explained.flatMap(({ name, value, source }) => (source === 'host' ? [[name, value] as const] : []));
    const refused = explained.flatMap(({ name, note, source }) =>
      note !== null && source !== 'host' ? [[name, note] as const] : [],
    );
    // Names from outside: only such as can be a setting's.
    const unknown = unknownSettings(settings).filter((name) => /^[a-zA-Z]{1,64}$/.test(name));
    const notes = [...refused, ...unknown.map((name) => [name, 'this agent knows no such setting'] as const)];
    return {
      ...(digest === null ? {} : { digest }),
      host: Object.fromEntries(host) as SettingsReport['host'], // values of Settings
      refused: Object.fromEntries(notes.slice(0, maxReported).map(([name, note]) => [name, note.slice(0, maxNoteLength)])),
    };
  }

  /** Takes what a reply says of settings; true when it is news, even where the same is in force because the host's owner wants it. */
  take({ settings, settingsDigest, schedule }: Pick<CheckInReply, 'settings' | 'settingsDigest' | 'schedule'>): boolean {
    // A platform that gives digests leaves out what is known.
    if (settingsDigest === undefined && this.#profile.digest !== null) return false;
    const profile = { settings: { ...settings, ...schedule }, digest: settingsDigest ?? null };
    if (isDeepStrictEqual(profile, this.#profile) || !this.#keep(profile)) return false;
    const before = this.settings;
    this.#profile = profile;
    if (!isDeepStrictEqual(this.settings, before)) this.#parts.onChange(this.settings);
    return true;
  }

  /** False for more than can be kept. What a full disk does not take holds until the next start, and the platform gives it again. */
  #keep(profile: KeptProfile): boolean {
    try {
      return saveProfile(this.#parts.stateDirectory, profile);
    } catch {
      return true;
    }
  }

  get #wishes() {
    return { platform: this.#profile.settings, host: this.#parts.host };
  }
}
