import { readFile } from 'node:fs/promises';
import { keyFileMaxBytes, openKey, PublicKeyFile, readKeyFile, type SigningKey } from '@vedette/release';
import type { Surroundings } from '../commands/command.ts';
import { CliError } from '../errors.ts';
import type { Options } from './release-command.ts';

export const passphraseOption = [
  '--passphrase-file <file>',
  'first line is the passphrase (else VEDETTE_KEY_PASSPHRASE, else it is asked for)',
] as const;

/** The passphrase of a key: from a file, the environment, or the terminal. */
export async function readPassphrase(
  { environment, askSecret }: Pick<Surroundings, 'environment' | 'askSecret'>,
  options: Options,
  keyName: string,
): Promise<string> {
  const file = options['passphraseFile'];
  if (typeof file === 'string') return (await readText(file)).split('\n', 1)[0]?.replace(/\r$/, '') ?? '';
  const given = environment['VEDETTE_KEY_PASSPHRASE'];
  if (given) return given;
  return askSecret(`Passphrase of ${keyName}: `).catch((error: unknown) => {
    if (!(error instanceof CliError)) throw error;
    throw new CliError('SIGNATURES', `no passphrase for ${keyName}: set VEDETTE_KEY_PASSPHRASE or use --passphrase-file`, {
      cause: error,
    });
  });
}

export async function openKeyFile(
  surroundings: Pick<Surroundings, 'environment' | 'askSecret'>,
  options: Options,
  file: string,
): Promise<SigningKey> {
  const text = await readText(file);
  // Before the passphrase is asked for: is this a key at all?
  const { keyId, role } = readKeyFile(text);
  return openKey(text, await readPassphrase(surroundings, options, `${role} key ${keyId.slice(0, 12)} (${file})`));
}

export async function readPublicKey(file: string): Promise<PublicKeyFile> {
  const text = await readText(file);
  try {
    return PublicKeyFile.parse(JSON.parse(text));
  } catch (error) {
    throw new CliError('USAGE', `${file} is not the public half of a key; vedette release key create writes one`, {
      cause: error,
    });
  }
}

async function readText(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > keyFileMaxBytes) throw new CliError('USAGE', `${file} is too long for a key`);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError('SIGNATURES', `${file} cannot be read`, { cause: error });
  }
}
