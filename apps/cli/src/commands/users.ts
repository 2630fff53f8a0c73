import {
  changeUser,
  createUser,
  deleteUser,
  endUserSessions,
  listUsers,
  resetPassword,
  resetSecondFactors,
  type User,
  UserSorting,
} from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import type { Command, Surroundings } from './command.ts';
import { queryText, sorting, sortOptions, text } from './list-options.ts';
import { endedText, tokensToo } from './log-out.ts';

type Options = Readonly<Record<string, string | true | undefined>>;

const usersList: Command = {
  name: 'users list',
  summary: 'List the users of the organization.',
  options: [...sortOptions(UserSorting.options)],
  example: 'vedette users list --sort lastLogin',
  async run({ client }, _, options) {
    const data = await client().call(listUsers, { query: sorting(options, UserSorting.options) });
    const rows = data.items.map((user) => [
      user.login,
      user.name,
      user.roleName || user.role,
      user.scope,
      user.secondFactors,
      user.lastLogin ?? 'never',
      user.disabledAt ? `disabled ${user.disabledAt}` : 'enabled',
    ]);
    return { data, text: table(['login', 'name', 'role', 'assets', 'second factors', 'last login', 'state'], rows) };
  },
};

const rightsOptions = [
  ['--name <name>', 'of the person'],
  ['--role <role>', 'as "vedette roles list" shows it'],
  ['--scope <query>', 'which assets the user sees, in the query language; "" for all that the role is for'],
] as const;

const usersCreate: Command = {
  name: 'users create',
  summary: 'Make a user; the password is shown once, and has to be changed at the first login.',
  args: '<login>',
  options: rightsOptions,
  example: `vedette users create grace --role unit-manager --scope 'tag:web'`,
  async run({ client, note }, [login = ''], options) {
    const role = text(options['role']);
    if (role === undefined) throw new CliError('USAGE', '--role is needed; "vedette roles list" shows which there are');
    const body = { login, role, name: text(options['name']) ?? '', scope: scopeOf(options) ?? null };
    const data = await client().call(createUser, { body });
    note('Hand the password on now: only its hash is stored.');
    return { data, text: data.password };
  },
};

const usersChange: Command = {
  name: 'users change',
  summary: 'Change a user; what is left out stays.',
  args: '<login>',
  options: [
    ...rightsOptions,
    ['--disable', 'refuse the user everywhere, at once'],
    ['--enable', 'let the user in again'],
    dryRun(),
  ],
  example: 'vedette users change grace --role reader --dry-run',
  async run(surroundings, [login], options) {
    if (options['disable'] && options['enable']) throw new CliError('USAGE', '--disable and --enable exclude each other');
    const disabled = options['disable'] ? true : options['enable'] ? false : undefined;
    const body = { name: text(options['name']), role: text(options['role']), scope: scopeOf(options), disabled };
    const user = await findUser(surroundings, login);
    const before = { name: user.name, role: user.role, scope: user.scope, disabled: user.disabledAt !== null };
    const changes = Object.entries(body).filter(
      ([name, value]) => value !== undefined && value !== before[name as keyof typeof before],
    ); // the same names
    const lines = changes.map(([name, value]) => `${name}: ${shown(before[name as keyof typeof before])} → ${shown(value)}`);
    if (lines.length === 0) return { data: { changes: {} }, text: 'nothing to change' };
    if (options['dryRun'])
      return { data: { changes: Object.fromEntries(changes) }, text: `${lines.join('\n')}\nnothing was changed` };
    const data = await surroundings.client().call(changeUser, { params: { userId: user.userId }, body });
    return { data, text: lines.join('\n') };
  },
};

const usersResetPassword: Command = {
  name: 'users reset-password',
  summary: 'Give a user a new password, shown once; sessions end.',
  args: '<login>',
  example: 'vedette users reset-password grace',
  async run(surroundings, [login]) {
    const { userId } = await findUser(surroundings, login);
    const data = await surroundings.client().call(resetPassword, { params: { userId } });
    surroundings.note('Hand the password on now: only its hash is stored.');
    return { data, text: data.password };
  },
};

const usersResetSecondFactors: Command = {
  name: 'users reset-second-factors',
  summary: 'Take all second factors from a user who lost them; sessions end.',
  args: '<login>',
  example: 'vedette users reset-second-factors grace',
  async run(surroundings, [login]) {
    const { userId, secondFactors } = await findUser(surroundings, login);
    const data = await surroundings.client().call(resetSecondFactors, { params: { userId } });
    return { data, text: `${secondFactors} second factors were taken away` };
  },
};

const usersLogOut: Command = {
  name: 'users log-out',
  summary: 'Log a user out everywhere: all their sessions end; their API tokens stay, unless --tokens is given.',
  args: '<login>',
  options: [tokensToo],
  example: 'vedette users log-out grace --tokens',
  async run(surroundings, [login], options) {
    const user = await findUser(surroundings, login);
    const query = { tokens: options['tokens'] ? ('revoke' as const) : ('keep' as const) };
    const data = await surroundings.client().call(endUserSessions, { params: { userId: user.userId }, query });
    return { data, text: endedText(data, query) };
  },
};

const usersDelete: Command = {
  name: 'users delete',
  summary: 'Remove a user with all sessions and API tokens; the audit log keeps the login.',
  args: '<login>',
  options: [dryRun()],
  example: 'vedette users delete grace',
  async run(surroundings, [login], options) {
    const user = await findUser(surroundings, login);
    if (options['dryRun']) return { data: user, text: `${user.login} (${user.roleName}) would be removed; nothing was changed` };
    const data = await surroundings.client().call(deleteUser, { params: { userId: user.userId } });
    return { data, text: `${user.login} is removed` };
  },
};

export const usersCommands: readonly Command[] = [
  usersList,
  usersCreate,
  usersChange,
  usersResetPassword,
  usersResetSecondFactors,
  usersLogOut,
  usersDelete,
];

async function findUser({ client }: Surroundings, login: string | undefined): Promise<User> {
  const { items } = await client().call(listUsers, {});
  const user = items.find((one) => one.login === login);
  if (!user) throw new CliError('NOT_FOUND', `there is no user "${login ?? ''}"`);
  return user;
}

/** Undefined where it is not spoken of, null for all assets. */
function scopeOf(options: Options): string | null | undefined {
  const scope = text(options['scope']);
  return scope === '' ? null : queryText(scope, 'asset');
}

function shown(value: string | boolean | null | undefined): string {
  return value === null || value === undefined || value === '' ? 'none' : `${value}`;
}

function dryRun() {
  return ['--dry-run', 'say what would change, and change nothing'] as const;
}
