/** [epoch:]version[-release], as rpm and pacman write it. */
export interface EpochVersionRelease {
  /** Digits; "0" where the text has none. */
  readonly epoch: string;
  readonly version: string;
  /** null where the text has no hyphen; it may be empty. */
  readonly release: string | null;
}

/** Digits before the first colon are the epoch, what follows the last hyphen is the release; any other colon belongs to the version. */
export function splitEpochVersionRelease(text: string): EpochVersionRelease {
  const epoch = /^([0-9]*):/.exec(text)?.[1];
  const rest = epoch === undefined ? text : text.slice(epoch.length + 1);
  const hyphen = rest.lastIndexOf('-');
  return {
    epoch: epoch || '0',
    version: hyphen < 0 ? rest : rest.slice(0, hyphen),
    release: hyphen < 0 ? null : rest.slice(hyphen + 1),
  };
}
