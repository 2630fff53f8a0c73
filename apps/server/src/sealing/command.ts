import { parseArgs } from 'node:util';
import { type Config, ConfigError } from '../config.ts';
import { type CommandContext, openForCommand } from '../db/open-for-command.ts';
import { newKey, readKeys, writeKeys } from './keys.ts';
import { forgetSecrets, sealAnew } from './seal-secrets.ts';
import { Sealer } from './sealer.ts';

const commands = ['rotate-key', 'forget-secrets'] as const;

export function isSealingCommand(command: string): boolean {
  return commands.some((one) => one === command);
}

/**
 * `rotate-key`: puts a new key before those of the key file and seals everything anew with it; keys that were handed in by VEDETTE_SECRET_KEY
 * are taken as they are, the first one seals. `forget-secrets --yes`: gives up what a lost key has sealed. Both beside a running platform,
 * which takes a new key from the file when it meets it. Throws ConfigError, SealingError, EmbeddedPostgresError.
 */
export async function runSealingCommand(args: readonly string[], config: Config, context: CommandContext): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { yes: { type: 'boolean', default: false } },
  });
  const { out } = context.terminal;
  if (positionals.length > 1) throw new ConfigError([`${positionals[0]} takes no arguments`]);
  if (positionals[0] === 'forget-secrets' && !values.yes) {
    throw new ConfigError([
      'forget-secrets gives up the secrets of notification channels and the codes of authenticator programs (people then log in without); say --yes if you mean it',
    ]);
  }
  await using database = await openForCommand(config, context);
  if (positionals[0] === 'forget-secrets') {
    const { channels, factors } = await forgetSecrets(database.db);
    out(`given up: the secrets of ${channels} channels, ${factors} authenticator programs; restart the platform\n`);
    return;
  }
  // First the file: whoever is killed in between has a key too many, never one too few.
  if (config.secrets.secretKey === undefined) writeKeys(config.secretKeyFile, [newKey(), ...readKeys(config)]);
  const sealer = new Sealer(() => readKeys(config));
  const counted = await sealAnew(database.db, sealer);
  out(`${counted} secrets are sealed with the key ${sealer.keyId} now; older keys open older backups\n`);
}
