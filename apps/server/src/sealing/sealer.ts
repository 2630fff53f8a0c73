import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { SealingKey } from './keys.ts';
import { SealingError } from './sealing-error.ts';

/** Where a sealed value belongs: table and column, and what names its row. Nowhere else it can be opened. */
export type SealedPlace = readonly [column: string, ...row: string[]];

const Sealed = z
  .string()
  .regex(/^sealed:1:[0-9a-f]{16}:[A-Za-z0-9+/]{38,}={0,2}$/)
  .brand<'Sealed'>();
/** `sealed:1:`, the id of the key, and base64 of nonce (12 bytes), tag (16) and ciphertext. */
export type Sealed = z.infer<typeof Sealed>;

const algorithm = 'aes-256-gcm';
/** NIST SP 800-38D, 8.2.2: by chance, which is safe for 2^32 values of a key; a platform seals some thousands. */
const nonceBytes = 12;
const tagBytes = 16;

/** Seals what must not be read by whoever reads the database, with AES-256-GCM (NIST SP 800-38D). */
export class Sealer {
  readonly #read: () => readonly SealingKey[];
  #keys: readonly SealingKey[] = [];

  /** `read`: the keys as they are now, the first of which seals; asked again before each sealing and for each unknown key. */
  constructor(read: () => readonly SealingKey[]) {
    this.#read = read;
  }

  /** The id of the key that seals. Throws SealingError. */
  get keyId(): string {
    return this.#current().id;
  }

  /** Throws SealingError KEY_MISSING, KEY_INVALID. */
  seal(plain: string | Uint8Array, place: SealedPlace): Sealed {
    const { id, key } = this.#current();
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes }).setAAD(boundTo(id, place));
    const text = Buffer.concat([cipher.update(Buffer.from(plain)), cipher.final()]);
    return Sealed.parse(`sealed:1:${id}:${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')}`);
  }

  /** What was sealed for this place. Plain values are refused: whoever writes to the database could put them there. Throws SealingError. */
  open(value: string, place: SealedPlace): Buffer {
    const altered = `A secret in the database (${place[0]}) was changed, or belongs to another row. Set it anew.`;
    if (!Sealed.safeParse(value).success) throw new SealingError('ALTERED', altered);
    const [, , id = '', encoded = ''] = value.split(':');
    const { key } = this.#find(id);
    const bytes = Buffer.from(encoded, 'base64');
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(boundTo(id, place))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]);
    } catch (error) {
      throw new SealingError('ALTERED', altered, { cause: error });
    }
  }

  /** Whether values of this key can be opened. Throws SealingError KEY_INVALID. */
  has(id: string): boolean {
    if (!this.#keys.some((one) => one.id === id)) this.#keys = this.#read();
    return this.#keys.some((one) => one.id === id);
  }

  #current(): SealingKey {
    this.#keys = this.#read();
    const [first] = this.#keys;
    if (first) return first;
    throw new SealingError(
      'KEY_MISSING',
      'There is no key to seal secrets with. Make one for VEDETTE_SECRET_KEY_FILE: head -c 32 /dev/urandom | base64 > FILE',
    );
  }

  #find(id: string): SealingKey {
    const found = this.has(id) ? this.#keys.find((one) => one.id === id) : undefined;
    if (found) return found;
    throw new SealingError('KEY_MISSING', `A secret in the database was sealed with the key ${id}, which is not here.`);
  }
}

/** As a list in JSON: no two places read the same. */
function boundTo(keyId: string, place: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify(['vedette', 1, keyId, ...place]));
}
