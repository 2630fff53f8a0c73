import { join, resolve } from 'node:path';
import { getReleaseRepository } from '@vedette/protocol';
import {
  initRepository,
  type KeyChange,
  missingSignatures,
  offlineRoles,
  publish,
  type PublicKeyFile,
  readPublished,
  readStaged,
  removeStaged,
  renewRole,
  revokeTargets,
  type RoleAssignments,
  type RoleName,
  roleNames,
  rotateKeys,
  signerOf,
  type SigningKey,
  signStaged,
  writeAtomically,
} from '@vedette/release';
import { wholeNumber } from '../commands/list-options.ts';
import type { Command, Outcome, Surroundings } from '../commands/command.ts';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { openKeyFile, passphraseOption, readPublicKey } from './key-files.ts';
import { publishToPlatform } from './publish-to-platform.ts';
import { dryRunOption, inRepository, listed, needed, releaseCommand } from './release-command.ts';

const init: Command = {
  name: 'release init',
  summary: 'Begin a repository of releases with the public halves of everybody’s keys.',
  args: '<repository>',
  options: [
    ['--keys <files>', 'public halves (*.pub), separated by commas; each says its role'],
    ['--root-threshold <n>', 'how many root keys must sign (default 2)'],
    ['--targets-threshold <n>', 'how many targets keys must sign (default 2)'],
    dryRunOption,
  ],
  example: 'vedette release init releases/ --keys r1.pub,r2.pub,r3.pub,t1.pub,t2.pub,t3.pub,content.pub,code.pub',
  help:
    'Root and targets take three keys each, of which two sign; content and code take at least one. Keys of snapshot and timestamp are the\n' +
    'platform’s, which is asked for them, unless --keys has some. Then: release sign, with enough keys, and release publish.',
  async run({ client }, [repository], options) {
    const keys = await Promise.all(listed(options['keys']).map(readPublicKey));
    if (!keys.some(({ role }) => role === 'snapshot' || role === 'timestamp')) keys.push(...(await platformKeys(client)));
    const threshold = (role: RoleName): number => {
      if (role === 'root') return wholeNumber('--root-threshold', options['rootThreshold']) ?? 2;
      return role === 'targets' ? (wholeNumber('--targets-threshold', options['targetsThreshold']) ?? 2) : 1;
    };
    const made = roleNames.map((role) => [role, { keys: keys.filter((key) => key.role === role), threshold: threshold(role) }]);
    const assignments = Object.fromEntries(made) as RoleAssignments; // every role has its entry
    return inRepository(repository, { options, targets: 'written' }, async (directory) => {
      await initRepository(directory, assignments, new Date());
      return report(directory);
    });
  },
};

async function platformKeys(client: Surroundings['client']): Promise<PublicKeyFile[]> {
  const { onlineKeys } = await client().call(getReleaseRepository, {});
  return (['snapshot', 'timestamp'] as const).map((role) => ({
    format: 'vedette-release-public-key-1',
    role,
    ...onlineKeys[role],
  }));
}

const sign: Command = {
  name: 'release sign',
  summary: 'Add your signature to what is staged.',
  args: '<repository>',
  options: [['--key <files>', 'your key files, separated by commas'], passphraseOption, dryRunOption],
  example: 'vedette release sign releases/ --key root-alice.key',
  help:
    'The repository may travel on a stick from one signer to the next: each adds a signature, in any order, and none needs a network.\n' +
    'Exit code 5 when nothing staged wants the key.',
  async run(surroundings, [repository], options) {
    const keys: SigningKey[] = [];
    for (const file of listed(needed(options, 'key', '--key'))) keys.push(await openKeyFile(surroundings, options, file));
    return inRepository(repository, { options, targets: 'read' }, async (directory) => {
      for (const key of keys) {
        const signed = await signStaged(directory, signerOf(key));
        if (signed.length === 0) {
          const { keyId, role } = key.file;
          throw new CliError('SIGNATURES', `nothing staged wants ${role} key ${keyId.slice(0, 12)}`);
        }
        surroundings.note(`key ${key.file.keyId.slice(0, 12)} signed ${signed.join(', ')}`);
      }
      return report(directory);
    });
  },
};

const rotate: Command = {
  name: 'release root rotate',
  summary: 'Stage a change of who may sign for a role.',
  args: '<repository>',
  options: [
    ['--role <role>', 'whose keys change (default root)'],
    ['--add <files>', 'public halves of new keys, separated by commas'],
    ['--remove <ids>', 'ids of keys that go, or their beginnings, separated by commas'],
    ['--threshold <n>', 'how many must sign from now on'],
    dryRunOption,
  ],
  example: 'vedette release root rotate releases/ --add root-dora.key.pub --remove 3fa1c09b77aa',
  help: 'A new root must be signed by enough keys of the old root and enough of the new one. Keys of content and code are named by targets.',
  async run(_surroundings, [repository], options) {
    const role = (typeof options['role'] === 'string' ? options['role'] : 'root') as RoleName; // checked on the next line
    if (!roleNames.includes(role)) throw new CliError('USAGE', `--role is one of ${roleNames.join(', ')}`);
    const threshold = wholeNumber('--threshold', options['threshold']);
    const change: KeyChange = {
      role,
      add: await Promise.all(listed(options['add']).map(readPublicKey)),
      remove: listed(options['remove']),
      ...(threshold === undefined ? {} : { threshold }),
    };
    return inRepository(repository, { options, targets: 'read' }, async (directory) => {
      await rotateKeys(directory, change, new Date());
      return report(directory);
    });
  },
};

const renew: Command = {
  name: 'release renew',
  summary: 'Stage a role’s next version unchanged, so that it does not expire.',
  args: '<repository> <role>',
  options: [dryRunOption],
  example: 'vedette release renew releases/ code',
  async run(_surroundings, [repository, role = ''], options) {
    const known = offlineRoles.find((one) => one === role);
    if (!known) throw new CliError('USAGE', `the role is one of ${offlineRoles.join(', ')}`);
    return inRepository(repository, { options, targets: 'read' }, async (directory) => {
      await renewRole(directory, known, new Date());
      return report(directory);
    });
  },
};

const revoke: Command = {
  name: 'release revoke',
  summary: 'Stage the removal of a version: no agent will take it any more.',
  args: '<repository> <version>',
  options: [
    ['--product <name>', 'agent, runtime, or a kind of content (default agent)'],
    ['--reason <text>', 'why; it is published'],
    dryRunOption,
  ],
  example: 'vedette release revoke releases/ 1.4.0 --reason "loses events when the disk is full"',
  help: 'Agents that run it are told what to run instead by the platform, which rolls it back once this is published.',
  async run(_surroundings, [repository, version = ''], options) {
    const product = typeof options['product'] === 'string' ? options['product'] : 'agent';
    const reason = needed(options, 'reason', '--reason');
    return inRepository(repository, { options, targets: 'read' }, async (directory) => {
      const matches: Parameters<typeof revokeTargets>[1]['matches'] = (_name, { custom }) => {
        if (custom.kind === 'content') return custom.content === product && custom.version === version;
        return (
          custom.product === product &&
          (custom.version === version || (custom.kind === 'delta' && custom.from.version === version))
        );
      };
      const revoked = await revokeTargets(directory, { matches, reason }, new Date());
      if (revoked.length === 0) throw new CliError('NOT_FOUND', `nothing of ${product} ${version} was released`);
      return report(directory);
    });
  },
};

const publishCommand: Command = {
  name: 'release publish',
  summary: 'Publish what is staged and signed: to the platform, or with online keys of your own.',
  args: '<repository>',
  options: [
    ['--snapshot-key <file>', 'publish in the repository itself, with this key …'],
    ['--timestamp-key <file>', '… and this one, without a platform'],
    passphraseOption,
    dryRunOption,
  ],
  example: 'vedette release publish releases/',
  help:
    'The platform checks what agents check: thresholds, versions, expiry, length and hash of every file; it signs snapshot and timestamp. Exit\n' +
    'code 5 when signatures are missing; nothing has changed then.',
  async run(surroundings, [repository], options) {
    const local = typeof options['snapshotKey'] === 'string' || typeof options['timestampKey'] === 'string';
    return inRepository(repository, { options, targets: 'read' }, async (directory) => {
      const staged = await readStaged(directory);
      if (Object.keys(staged).length === 0) throw new CliError('FAILURE', 'nothing is staged');
      if (!local) {
        const done = await publishToPlatform(surroundings, directory, staged, options['dryRun'] === true);
        if (done.published) await publishHere(directory, staged, done.online);
        return { data: done.data, text: done.text };
      }
      const keyFile = (name: string, flag: string) => openKeyFile(surroundings, options, needed(options, name, flag));
      const snapshot = await keyFile('snapshotKey', '--snapshot-key');
      const timestamp = await keyFile('timestampKey', '--timestamp-key');
      const online = { snapshot: signerOf(snapshot), timestamp: signerOf(timestamp) };
      await publish(directory, staged, { online, now: new Date() });
      await removeStaged(directory);
      return report(directory);
    });
  },
};

/** The platform has it: what it signed is kept beside what we signed, so that the next version goes on from there. */
async function publishHere(directory: string, staged: object, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of files) await writeAtomically(join(directory, 'tuf', path), bytes);
  if (Object.keys(staged).length > 0) await removeStaged(directory);
}

const status: Command = {
  name: 'release status',
  summary: 'What is published, what is staged, which signatures are missing, and what expires when.',
  args: '<repository>',
  example: 'vedette release status releases/',
  async run(_surroundings, [repository = '.']) {
    return report(resolve(repository));
  },
};

interface Status {
  readonly published: Record<string, { version: number; expires: string }> | null;
  readonly staged: Awaited<ReturnType<typeof missingSignatures>>;
  readonly isReady: boolean;
}

/** State of a repository, as every command that changes it ends with. */
async function report(directory: string): Promise<Outcome> {
  const published = await readPublished(directory);
  const staged = await missingSignatures(directory);
  const data: Status = {
    published:
      published &&
      Object.fromEntries(
        Object.entries(published).map(([role, { signed }]) => [role, { version: signed.version, expires: signed.expires }]),
      ),
    staged,
    isReady: staged.length > 0 && staged.every(({ have, threshold }) => have >= threshold),
  };
  const rows = Object.entries(data.published ?? {}).map(([role, { version, expires }]) => [
    role,
    version,
    'published',
    `expires ${expires}`,
  ]);
  const open = staged.map(({ role, version, have, threshold, open: missing, by }) => {
    const wanted = have >= threshold ? 'signed' : `${have} of ${threshold} signatures`;
    const whose = by === 'before' ? ' by the keys of the root before' : '';
    return [role, version, 'staged', `${wanted}${whose}${have >= threshold ? '' : `; open: ${missing.map(short).join(' ')}`}`];
  });
  return { data, text: table(['role', 'version', 'state', 'detail'], [...rows, ...open]) };
}

function short(keyId: string): string {
  return keyId.slice(0, 12);
}

export const releaseRepositoryCommands: readonly Command[] = [init, sign, rotate, renew, revoke, publishCommand, status].map(
  releaseCommand,
);
