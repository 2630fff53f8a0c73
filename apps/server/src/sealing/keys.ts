import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import { SealingError } from './sealing-error.ts';

export interface SealingKey {
  /** The beginning of a hash of the key. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

type Source = Pick<Config, 'secretKeyFile' | 'secrets'>;

const keyBytes = 32;
const maxKeys = 20;

export function newKey(): SealingKey {
  return toKey(randomBytes(keyBytes));
}

/**
 * The keys of the configuration, the one that seals first; none where the file is not there. Throws SealingError KEY_INVALID.
 */
export function readKeys({ secretKeyFile, secrets }: Source): SealingKey[] {
  if (secrets.secretKey !== undefined) return parseKeys(secrets.secretKey.split(','), 'VEDETTE_SECRET_KEY');
  return parseKeys(readLines(secretKeyFile), secretKeyFile);
}

/** Keys as people hand them in. Throws SealingError KEY_INVALID, which quotes nothing. */
export function parseKeys(lines: readonly string[], source: string): SealingKey[] {
  const texts = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const keys = texts.map((text) => Buffer.from(text, 'base64'));
  const isUsable = texts.length <= maxKeys && texts.every((text, at) => isKey(text, keys[at]));
  if (isUsable) return keys.map(toKey);
  const message = `${source} must hold keys of ${keyBytes} bytes as base64, the one in use first: head -c ${keyBytes} /dev/urandom | base64`;
  throw new SealingError('KEY_INVALID', message);
}

/** Writes a key file in one step, for its owner alone: what is there is whole at any moment. Throws what the file system throws. */
export function writeKeys(file: string, keys: readonly SealingKey[]): void {
  const head =
    '# Opens the secrets in the database of Vedette (docs/operations.md). The first key seals; keep the file apart from backups of the database.';
  const text = [head, ...keys.map(({ key }) => key.toString('base64'))].join('\n');
  mkdirSync(dirname(file), { recursive: true });
  const half = `${file}.${randomBytes(6).toString('hex')}.part`;
  const to = openSync(half, 'w', 0o600);
  writeSync(to, `${text}\n`);
  fsyncSync(to);
  closeSync(to);
  renameSync(half, file);
  // A rename is durable once its directory is (rename(2), fsync(2)).
  const directory = openSync(dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException; // of the file system
    if (code === 'ENOENT') return [];
    throw new SealingError('KEY_INVALID', `${file} cannot be read: ${message}`, { cause: error });
  }
}

function isKey(text: string, key: Buffer | undefined): boolean {
  return key?.length === keyBytes && key.toString('base64') === text;
}

function toKey(key: Buffer): SealingKey {
  const id = createHash('sha256').update('vedette sealing key\n').update(key).digest('hex').slice(0, 16);
  return { id, key };
}
