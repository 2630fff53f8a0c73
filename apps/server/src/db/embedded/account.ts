import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { getgid, getuid } from 'node:process';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';

/** The account PostgreSQL runs as. `change` is set when we are root and must become it: PostgreSQL refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly change: boolean;
}

/** Ourselves, or, as root, the first of postgres and nobody that has a passwd entry: initdb looks its own name up there. */
export function postgresAccount(passwd: string = readFileSync('/etc/passwd', 'utf8')): Account {
  const uid = getuid?.() ?? -1;
  if (uid !== 0) return { uid, gid: getgid?.() ?? -1, change: false };
  const entries = passwd.split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const entry = entries.find((fields) => fields[0] === name);
    if (entry && Number(entry[2]) > 0) return { uid: Number(entry[2]), gid: Number(entry[3]), change: true };
  }
  throw new EmbeddedPostgresError(
    'NO_PERMISSION',
    'PostgreSQL cannot run as root, and /etc/passwd has neither a user "postgres" nor "nobody"',
    'Run as another user, create the user "postgres", or set DATABASE_URL to an external PostgreSQL.',
  );
}

/**
 * Whether the account can walk to `path`, judged by the mode bits of every existing directory on the way (path included).
 * Access control lists are not consulted: where they grant more, we only choose another place than needed.
 */
export function reachableFor(account: Account, path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (stat?.isDirectory() && !maySearch(account, stat)) return false;
    if (at === dirname(at)) return true;
  }
}

function maySearch(account: Account, stat: { mode: number; uid: number; gid: number }): boolean {
  if (stat.uid === account.uid) return (stat.mode & 0o100) !== 0;
  if (stat.gid === account.gid) return (stat.mode & 0o010) !== 0;
  return (stat.mode & 0o001) !== 0;
}
