import { stat } from 'node:fs/promises';
import { createSigningKey, openKey, type RoleName, roleNames, sealKey, writeAtomically } from '@vedette/release';
import type { Command } from '../commands/command.ts';
import { CliError } from '../errors.ts';
import { passphraseOption, readPassphrase } from './key-files.ts';
import { dryRunOption, needed, releaseCommand } from './release-command.ts';

const keyCreate: Command = {
  name: 'release key create',
  summary: 'Create a signing key for one role, in a file that a passphrase seals.',
  args: '<file>',
  options: [['--role <role>', `one of ${roleNames.join(', ')}`], passphraseOption, dryRunOption],
  example: 'vedette release key create root-alice.key --role root',
  help:
    'Writes FILE, readable by its owner alone, and FILE.pub, which may be given to anybody. The key is Ed25519, sealed by AES-256-GCM under\n' +
    'a key that Argon2id makes of the passphrase. Keep root and targets keys away from any network, each with another person.',
  async run(surroundings, [file = ''], options) {
    const role = needed(options, 'role', '--role') as RoleName; // checked on the next line
    if (!roleNames.includes(role)) throw new CliError('USAGE', `--role is one of ${roleNames.join(', ')}`);
    const isThere = await stat(file).then(
      () => true,
      () => false,
    );
    if (isThere) throw new CliError('FAILURE', `${file} exists; a key is never overwritten`);
    const key = createSigningKey(role);
    const passphrase = await readPassphrase(surroundings, options, `the new ${role} key`);
    const sealed = await sealKey(key, passphrase);
    // A key that cannot be opened again would be found out at the worst time.
    await openKey(sealed, passphrase);
    const data = { file, role, keyId: key.file.keyId, dryRun: options['dryRun'] === true };
    if (!data.dryRun) {
      await writeAtomically(file, sealed, 0o600);
      await writeAtomically(`${file}.pub`, `${JSON.stringify(key.file, null, 2)}\n`);
    }
    return {
      data,
      text: data.dryRun ? `would create a ${role} key in ${file}` : `${role} key ${key.file.keyId}\n${file}\n${file}.pub`,
    };
  },
};

export const releaseKeyCommands: readonly Command[] = [keyCreate].map(releaseCommand);
