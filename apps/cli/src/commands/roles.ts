import { changeRole, createRole, deleteRole, listRoles, PermissionName, type Role, RoleId } from '@vedette/protocol';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import type { Command, Surroundings } from './command.ts';
import { queryText, text } from './list-options.ts';

const rolesList: Command = {
  name: 'roles list',
  summary: 'List roles: those that every organization has, and its own.',
  example: 'vedette roles list',
  async run({ client }) {
    const data = await client().call(listRoles, {});
    const rows = data.items.map((role) => [
      role.isBuiltIn ? role.role : role.name,
      role.users,
      role.scope ?? (role.needsScope ? 'as each user has it' : ''),
      role.permissions.join(' '),
    ]);
    return { data, text: table(['role', 'users', 'assets', 'permissions'], rows) };
  },
};

const rolesSave: Command = {
  name: 'roles save',
  summary: 'Make a role of the organization, or change it; a change counts at once for all who have it.',
  args: '<name>',
  options: [
    ['--permissions <list>', 'separated by commas, as "vedette roles list" shows them'],
    ['--scope <query>', 'which assets it is for, in the query language (default: all)'],
    ['--description <text>', 'for people'],
    ['--dry-run', 'say what would change, and change nothing'],
  ],
  example: `vedette roles save "Web team" --permissions asset:read,detection:read,asset:scan --scope 'tag:web'`,
  async run(surroundings, [name = ''], options) {
    const list = (text(options['permissions']) ?? '').split(',').flatMap((one) => one.trim() || []);
    const permissions = z.array(PermissionName).min(1).safeParse(list);
    if (!permissions.success) throw new CliError('USAGE', `--permissions takes some of ${PermissionName.options.join(', ')}`);
    const body = {
      name,
      permissions: permissions.data,
      scope: queryText(options['scope'], 'asset') ?? null,
      describes: text(options['description']) ?? '',
    };
    const before = await findOwnRole(surroundings, name);
    const gained = body.permissions.filter((one) => !before?.permissions.includes(one));
    const lost = (before?.permissions ?? []).filter((one) => !permissions.data.includes(one));
    const words = [...gained.map((one) => `+ ${one}`), ...lost.map((one) => `- ${one}`)];
    if (before && before.scope !== body.scope) words.push(`assets: ${before.scope ?? 'all'} → ${body.scope ?? 'all'}`);
    const said = words.join('\n');
    if (options['dryRun']) return { data: { role: body, gained, lost }, text: `${said}\nnothing was changed` };
    const client = surroundings.client();
    const data = before
      ? await client.call(changeRole, { params: { roleId: RoleId.parse(before.role) }, body })
      : await client.call(createRole, { body });
    return { data, text: `${said}\nthe role ${name} is saved` };
  },
};

const rolesDelete: Command = {
  name: 'roles delete',
  summary: 'Remove a role of the organization that nobody has any more.',
  args: '<name>',
  example: 'vedette roles delete "Web team"',
  async run(surroundings, [name = '']) {
    const role = await findOwnRole(surroundings, name);
    if (!role) throw new CliError('NOT_FOUND', `the organization has made no role "${name}"`);
    const data = await surroundings.client().call(deleteRole, { params: { roleId: RoleId.parse(role.role) } });
    return { data, text: `the role ${name} is removed` };
  },
};

export const rolesCommands: readonly Command[] = [rolesList, rolesSave, rolesDelete];

async function findOwnRole({ client }: Surroundings, name: string): Promise<Role | undefined> {
  const { items } = await client().call(listRoles, {});
  return items.find((role) => !role.isBuiltIn && role.name === name);
}
