import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** What a test changes of an honest answer. */
export interface Bend {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly type?: string;
  /** Instead of one more than last time. */
  readonly counter?: number;
  readonly present?: boolean;
}

interface Options {
  readonly challenge?: unknown;
}

/** An authenticator in software (WebAuthn Level 3, 6): one ES256 key, without attestation, which a test may bend. */
export class SoftwareKey {
  readonly #pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly id = randomBytes(16);
  readonly #rpId: string;
  readonly #origin: string;
  #counter = 0;

  constructor(origin: string) {
    this.#origin = origin;
    this.#rpId = new URL(origin).hostname;
  }

  register({ challenge }: Options, bend: Bend = {}): Record<string, unknown> {
    const { x = '', y = '' } = this.#pair.publicKey.export({ format: 'jwk' });
    const cose = map([int(1), int(2)], [int(3), int(-7)], [int(-1), int(1)], [int(-2), bytes(b64(x))], [int(-3), bytes(b64(y))]);
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, this.id.length]), this.id, cose]);
    const authData = Buffer.concat([this.#authData(0x41, bend), attested]);
    const attestationObject = map([text('fmt'), text('none')], [text('attStmt'), map()], [text('authData'), bytes(authData)]);
    const clientDataJSON = this.#clientData('webauthn.create', challenge, bend);
    return this.#answer({
      attestationObject: attestationObject.toString('base64url'),
      clientDataJSON: clientDataJSON.toString('base64url'),
      transports: ['usb'],
    });
  }

  authenticate({ challenge }: Options, bend: Bend = {}): Record<string, unknown> {
    const authData = this.#authData(0x01, bend);
    const clientDataJSON = this.#clientData('webauthn.get', challenge, bend);
    const signed = Buffer.concat([authData, createHash('sha256').update(clientDataJSON).digest()]);
    const signature = sign('sha256', signed, this.#pair.privateKey);
    return this.#answer({
      authenticatorData: authData.toString('base64url'),
      clientDataJSON: clientDataJSON.toString('base64url'),
      signature: signature.toString('base64url'),
    });
  }

  #answer(response: object): Record<string, unknown> {
    const id = this.id.toString('base64url');
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  #authData(flags: number, { rpId = this.#rpId, counter = (this.#counter += 1), present = true }: Bend): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([present ? flags : flags & ~1]), count]);
  }

  #clientData(type: string, challenge: unknown, bend: Bend): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: bend.type ?? type,
        challenge: bend.challenge ?? challenge,
        origin: bend.origin ?? this.#origin,
        crossOrigin: false,
      }),
    );
  }
}

function b64(value: string): Buffer {
  return Buffer.from(value, 'base64url');
}

// As much of CBOR (RFC 8949) as an authenticator needs.
function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.from([(major << 5) | 25, value >> 8, value & 255]);
}

function int(value: number): Buffer {
  return value >= 0 ? head(0, value) : head(1, -1 - value);
}

function bytes(value: Buffer): Buffer {
  return Buffer.concat([head(2, value.length), value]);
}

function text(value: string): Buffer {
  return Buffer.concat([head(3, value.length), Buffer.from(value)]);
}

function map(...entries: (readonly [Buffer, Buffer])[]): Buffer {
  return Buffer.concat([head(5, entries.length), ...entries.flat()]);
}
