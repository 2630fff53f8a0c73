export interface UnitFile {
  /** Whether [Install] says what would pull the unit in; without that it can only be static. */
  readonly canBeEnabled: boolean;
  /** Runs and ends, so that having no process says nothing about its state. */
  readonly isOneShot: boolean;
  /** Put into a slice of its own choice, where it is not looked for. */
  readonly hasOwnSlice: boolean;
}

const installing = new Set(['WantedBy', 'RequiredBy', 'UpheldBy', 'Alias', 'Also']);

/** What systemd.unit(5) and systemd.service(5) settings say about how a unit is started. Unknown lines are skipped. */
export function parseUnitFile(text: string): UnitFile {
  let section = '';
  let canBeEnabled = false;
  let isOneShot = false;
  let hasOwnSlice = false;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line.startsWith('[')) section = line;
    const equals = line.indexOf('=');
    if (equals <= 0 || line.startsWith('#') || line.startsWith(';')) continue;
    const name = line.slice(0, equals).trimEnd();
    const value = line.slice(equals + 1).trim();
    if (section === '[Install]' && installing.has(name) && value !== '') canBeEnabled = true;
    if (section === '[Service]' && name === 'Type') isOneShot = value === 'oneshot';
    if (section === '[Service]' && name === 'Slice') hasOwnSlice = value !== '';
  }
  return { canBeEnabled, isOneShot, hasOwnSlice };
}

/** Names of services: `ssh.service`, `getty@tty1.service`; not templates (`getty@.service`), which run only as instances. */
export function isServiceName(name: string): boolean {
  return name.endsWith('.service') && name.length > '.service'.length && !name.endsWith('@.service');
}

/** `getty@tty1.service` → `getty@.service`; null for a unit that is no instance. */
export function templateOf(name: string): string | null {
  const at = name.indexOf('@');
  return at <= 0 ? null : `${name.slice(0, at + 1)}.service`;
}

/** The script that a link such as `S01ssh` in rc2.d starts; null for links that stop one and for other names. */
export function startedScript(link: string): string | null {
  return /^S[0-9]{2}(.+)$/.exec(link)?.[1] ?? null;
}
