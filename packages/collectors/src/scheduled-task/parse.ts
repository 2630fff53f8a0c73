export interface CronLine {
  readonly schedule: string;
  readonly user: string;
  readonly program: string;
  readonly command: string;
}

const maxLines = 2000;

/**
 * Lines of crontab(5). `hasUser`: system tables name the user before the command; others belong to `owner`. Assignments and what is no line of a
 * table are left out.
 */
export function parseCrontab(text: string, table: { hasUser: true } | { hasUser: false; owner: string }): CronLine[] {
  return text.split('\n', maxLines).flatMap((line) => {
    const words = line
      .trim()
      .slice(0, 4096)
      .split(/[ \t]+/);
    const [first = ''] = words;
    if (first === '' || first.startsWith('#') || /^[A-Za-z_][A-Za-z0-9_]*=/.test(first) || words[1] === '=') return [];
    const fields = first.startsWith('@') ? 1 : 5;
    const schedule = words.slice(0, fields);
    if (words.length < fields + (table.hasUser ? 2 : 1) || !schedule.every(isTimeField)) return [];
    const user = table.hasUser ? (words[fields] ?? '') : table.owner;
    const command = words.slice(fields + (table.hasUser ? 1 : 0));
    return [{ schedule: schedule.join(' '), user, program: programOf(command), command: command.join(' ') }];
  });
}

function isTimeField(word: string): boolean {
  return /^@[a-z]{1,20}$|^[-0-9*,/~A-Za-z]{1,120}$/.test(word);
}

/** The first word that is no assignment: `PASSWORD=x /usr/bin/backup -p y` is /usr/bin/backup. */
function programOf(command: readonly string[]): string {
  const program = command.find((word) => !/^[A-Za-z_][A-Za-z0-9_]*=/.test(word)) ?? '';
  // A word with a quote or an operator in it is more than a program, and could hold anything.
  return /^[A-Za-z0-9_./@+-]{1,256}$/.test(program) ? program : '';
}

/** The lines of a timer that say when, and the unit it starts; systemd.timer(5). */
export function parseTimer(text: string, name: string): { schedule: string; unit: string } {
  const when: string[] = [];
  let unit = name.replace(/\.timer$/, '.service');
  for (const line of text.split('\n', maxLines)) {
    const equals = line.indexOf('=');
    const [key, value] = [line.slice(0, Math.max(equals, 0)).trim(), line.slice(equals + 1).trim()];
    if (/^On(Calendar|Boot|Startup|Active|UnitActive|UnitInactive)(Sec)?$/.test(key) && value !== '')
      when.push(`${key}=${value.slice(0, 200)}`);
    else if (key === 'Unit' && value !== '') unit = value.slice(0, 256);
  }
  return { schedule: when.join(' '), unit };
}
