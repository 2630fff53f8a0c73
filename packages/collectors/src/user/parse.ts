import { wholeNumber } from '../shared/whole-number.ts';

/** uid_t without its last value, which means "no user" to system calls. */
const maxId = 0xffff_fffe;

export type PasswordState = 'none' | 'locked' | 'set' | 'unknown';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
  /** What the password field of passwd says; `shadowed` sends the reader to shadow(5). */
  readonly password: PasswordState | 'shadowed';
}

/** Accounts of passwd(5), the first of a name as getpwnam(3) finds it. NIS lines (`+`, `-`) are no accounts of this host. */
export function parsePasswd(text: string): { accounts: Account[]; malformed: number } {
  const accounts = new Map<string, Account>();
  let malformed = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '' || /^[#+-]/.test(line)) continue;
    const [name = '', password = '', uidText = '', gidText = '', , home = '', shell] = line.split(':', 7);
    const uid = wholeNumber(uidText, maxId);
    const gid = wholeNumber(gidText, maxId);
    if (name === '' || uid === null || gid === null || shell === undefined) malformed += 1;
    else if (!accounts.has(name))
      accounts.set(name, { name, uid, gid, home, shell, password: password === 'x' ? 'shadowed' : passwordState(password) });
  }
  return { accounts: [...accounts.values()], malformed };
}

/** What the password fields of shadow(5) say, by account. The hashes themselves never leave this function. */
export function parseShadow(text: string): ReadonlyMap<string, PasswordState> {
  const states = new Map<string, PasswordState>();
  for (const line of text.split('\n')) {
    const [name = '', password] = line.split(':', 2);
    if (name !== '' && password !== undefined && !states.has(name)) states.set(name, passwordState(password));
  }
  return states;
}

/** shadow(5): empty lets anybody in, `!` and `*` nobody by password; whatever else is a hash. */
function passwordState(field: string): PasswordState {
  if (field === '') return 'none';
  return field.startsWith('!') || field.startsWith('*') ? 'locked' : 'set';
}

/** Supplementary groups of each account, sorted, from group(5). */
export function parseGroup(text: string): ReadonlyMap<string, string[]> {
  const groups = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [name = '', , , members] = line.split(':', 4);
    if (name === '' || members === undefined) continue;
    for (const member of members.split(',')) {
      const account = member.trim();
      if (account !== '') groups.set(account, (groups.get(account) ?? new Set()).add(name));
    }
  }
  return new Map([...groups].map(([account, names]) => [account, [...names].toSorted()]));
}
