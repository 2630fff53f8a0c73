import { fromBase64 } from '../shared/base64.ts';
import { type Element, elementsOf, oidText, stringText, tags, timeText } from './der.ts';

export interface Certificate {
  readonly der: Uint8Array;
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly keyType: string;
  readonly keyBits: number;
  readonly signature: string;
  readonly isAuthority: boolean;
  readonly names: string[];
}

/** More in one file is a bundle of authorities. */
const maxPerFile = 32;
const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

/** DER of the certificates in a file: PEM (RFC 7468), of which private keys and all else are left out, or a single DER. `isCut`: there were more. */
export function certificatesIn(file: Uint8Array): { ders: Uint8Array[]; isCut: boolean } {
  if (file[0] === tags.sequence) return { ders: [file], isCut: false };
  const text = new TextDecoder('latin1').decode(file);
  const ders: Uint8Array[] = [];
  for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, at + 1)) {
    if (ders.length >= maxPerFile) return { ders, isCut: true };
    const stop = text.indexOf(end, at);
    if (stop === -1) break;
    const der = fromBase64(text.slice(at + begin.length, stop));
    if (der !== null) ders.push(der);
  }
  return { ders, isCut: false };
}

/** The elements within another; none for what is not there or is none. */
function inside(element: Element | undefined): Element[] {
  return (element && elementsOf(element.content)) ?? [];
}

/** An X.509 certificate (RFC 5280, 4.1); null for what is none. */
export function parseCertificate(der: Uint8Array): Certificate | null {
  const [outer] = elementsOf(der) ?? [];
  const [body, algorithm] = outer?.tag === tags.sequence ? inside(outer) : [];
  if (body?.tag !== tags.sequence || algorithm === undefined) return null;
  const fields = inside(body);
  // Version 1 has no version field.
  const [serial, , issuer, validity, subject, key] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  if (serial?.tag !== tags.integer || !issuer || !validity || !subject || !key) return null;
  const [notBefore, notAfter] = inside(validity);
  if (!notBefore || !notAfter) return null;
  const extensions = extensionsOf(fields.find(({ tag }) => tag === 0xa3));
  return {
    der: outer?.whole ?? der,
    subject: nameText(subject),
    issuer: nameText(issuer),
    serial: hex(serial.content).slice(0, 64),
    notBefore: timeText(notBefore),
    notAfter: timeText(notAfter),
    ...keyOf(key),
    signature: algorithmName(algorithm),
    isAuthority: isAuthority(extensions.get('2.5.29.19')),
    names: alternativeNames(extensions.get('2.5.29.17')),
  };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const attributes: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
]);

/** `CN=a, O=b` in the order of the certificate; attributes of other kinds by their number. */
function nameText(name: Element): string {
  const parts = inside(name).flatMap((set) =>
    inside(set).flatMap((pair) => {
      const [type, value] = inside(pair);
      if (type?.tag !== tags.oid || !value) return [];
      const oid = oidText(type.content);
      return [`${attributes.get(oid) ?? oid}=${stringText(value)}`];
    }),
  );
  return parts.join(', ').slice(0, 1024);
}

const algorithms: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.4', 'md5WithRSAEncryption'],
  ['1.2.840.113549.1.1.5', 'sha1WithRSAEncryption'],
  ['1.2.840.113549.1.1.10', 'rsassaPss'],
  ['1.2.840.113549.1.1.11', 'sha256WithRSAEncryption'],
  ['1.2.840.113549.1.1.12', 'sha384WithRSAEncryption'],
  ['1.2.840.113549.1.1.13', 'sha512WithRSAEncryption'],
  ['1.2.840.10045.4.1', 'ecdsa-with-SHA1'],
  ['1.2.840.10045.4.3.2', 'ecdsa-with-SHA256'],
  ['1.2.840.10045.4.3.3', 'ecdsa-with-SHA384'],
  ['1.2.840.10045.4.3.4', 'ecdsa-with-SHA512'],
  ['1.3.101.112', 'ed25519'],
  ['1.3.101.113', 'ed448'],
]);

function algorithmName(algorithm: Element): string {
  const [oid] = inside(algorithm);
  const text = oid?.tag === tags.oid ? oidText(oid.content) : '';
  return algorithms.get(text) ?? text;
}

const keyTypes: ReadonlyMap<string, readonly [type: string, bits: number]> = new Map([
  ['1.2.840.113549.1.1.1', ['rsa', 0]],
  ['1.2.840.10045.2.1', ['ec', 0]],
  ['1.2.840.10040.4.1', ['dsa', 0]],
  ['1.3.101.112', ['ed25519', 256]],
  ['1.3.101.113', ['ed448', 456]],
]);
const curveBits: ReadonlyMap<string, number> = new Map([
  ['1.2.840.10045.3.1.1', 192],
  ['1.3.132.0.33', 224],
  ['1.2.840.10045.3.1.7', 256],
  ['1.3.132.0.10', 256],
  ['1.3.132.0.34', 384],
  ['1.3.132.0.35', 521],
]);

function keyOf(key: Element): { keyType: string; keyBits: number } {
  const [algorithm, bits] = inside(key);
  const [type, parameters] = inside(algorithm);
  const oid = type?.tag === tags.oid ? oidText(type.content) : '';
  const [keyType, keyBits] = keyTypes.get(oid) ?? [oid, 0];
  if (keyType === 'ec' && parameters?.tag === tags.oid)
    return { keyType, keyBits: curveBits.get(oidText(parameters.content)) ?? 0 };
  if (keyType !== 'rsa' || bits?.tag !== tags.bitString) return { keyType, keyBits };
  // RFC 8017, A.1.1: modulus and exponent, behind the count of unused bits.
  const [pair] = elementsOf(bits.content.subarray(1)) ?? [];
  const [modulus] = inside(pair);
  return { keyType, keyBits: modulus ? bitLength(modulus.content) : 0 };
}

function bitLength(number: Uint8Array): number {
  const start = number.findIndex((byte) => byte !== 0);
  return start === -1 ? 0 : (number.length - start) * 8 - Math.clz32(number[start] ?? 0) + 24;
}

function extensionsOf(wrapped: Element | undefined): Map<string, Uint8Array> {
  const [list] = inside(wrapped);
  const found = new Map<string, Uint8Array>();
  for (const extension of inside(list)) {
    const parts = inside(extension);
    const value = parts.at(-1);
    if (parts[0]?.tag === tags.oid && value?.tag === tags.octetString) found.set(oidText(parts[0].content), value.content);
  }
  return found;
}

function isAuthority(constraints: Uint8Array | undefined): boolean {
  const [sequence] = constraints ? (elementsOf(constraints) ?? []) : [];
  const [first] = inside(sequence);
  return first?.tag === tags.boolean && first.content[0] !== 0;
}

/** RFC 5280, 4.2.1.6: DNS names (tag 2) and addresses (tag 7), the others left out. */
function alternativeNames(extension: Uint8Array | undefined): string[] {
  const [list] = extension ? (elementsOf(extension) ?? []) : [];
  return inside(list)
    .slice(0, 200)
    .flatMap(({ tag, content }) => {
      if (tag === 0x82) return [new TextDecoder('latin1').decode(content).slice(0, 255)];
      if (tag !== 0x87) return [];
      if (content.length === 4) return [content.join('.')];
      return content.length === 16 ? [(hex(content).match(/.{4}/g) ?? []).join(':')] : [];
    });
}
