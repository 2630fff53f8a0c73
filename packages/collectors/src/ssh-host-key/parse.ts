import { fromBase64 } from '../shared/base64.ts';

export interface PublicKey {
  readonly type: string;
  readonly bits: number;
  readonly blob: Uint8Array;
}

const curveBits: ReadonlyMap<string, number> = new Map([
  ['ssh-ed25519', 256],
  ['ssh-ed448', 448],
  ['ecdsa-sha2-nistp256', 256],
  ['ecdsa-sha2-nistp384', 384],
  ['ecdsa-sha2-nistp521', 521],
]);

/** A line `type base64 comment` (sshd(8), RFC 4253 6.6); null when it is none, or the blob is of another type than the line says. */
export function parsePublicKey(line: string): PublicKey | null {
  const [type = '', encoded = ''] = line.trim().split(/[ \t]+/, 2);
  const blob = encoded.length > 16_384 ? null : fromBase64(encoded);
  if (!/^[a-z0-9@.-]{1,64}$/.test(type) || blob === null) return null;
  const [name, first, second] = fieldsOf(blob);
  if (name === undefined || new TextDecoder().decode(name) !== type) return null;
  // RSA: e, n. DSA: p first.
  const number = type === 'ssh-rsa' ? second : type === 'ssh-dss' ? first : undefined;
  return { type, bits: curveBits.get(type) ?? bitLength(number), blob };
}

/** RFC 4251, 5: a length of 32 bits, then so many bytes; at most four are needed. */
function fieldsOf(blob: Uint8Array): Uint8Array[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const fields: Uint8Array[] = [];
  for (let at = 0; at + 4 <= blob.length && fields.length < 4;) {
    const end = at + 4 + view.getUint32(at);
    if (end > blob.length) break;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

function bitLength(number: Uint8Array | undefined): number {
  const start = number?.findIndex((byte) => byte !== 0) ?? -1;
  if (number === undefined || start === -1) return 0;
  return (number.length - start) * 8 - Math.clz32(number[start] ?? 0) + 24;
}
