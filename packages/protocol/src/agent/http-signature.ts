import { z } from 'zod';

/**
 * HTTP Message Signatures (RFC 9421) as agents and platform use them: one profile, one label, Ed25519, over a fixed list of components.
 * The host name is left out on purpose: a proxy that ends TLS may change it, and the key already names the platform's agent.
 */
export const signatureLabel = 'vedette';
export const requestComponents = ['@method', '@path', '@query', 'content-digest', 'content-type', 'content-encoding'] as const;
/** A reply is bound to its request by the request's nonce, which only this request carries. */
export const replyComponents = ['@status', 'content-digest', 'vedette-request-nonce'] as const;

export const SignatureParameters = z.object({
  components: z.array(z.string()),
  created: z.int(),
  expires: z.int(),
  nonce: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/),
  keyid: z.string().min(1).max(128),
  alg: z.literal('ed25519'),
});
export type SignatureParameters = z.infer<typeof SignatureParameters>;

/** Values by component name; header names in lower case. A missing header is the empty string. */
export type ComponentValues = Readonly<Record<string, string>>;

/** `@signature-params` value, RFC 9421 §2.3. */
export function serializeParameters(parameters: SignatureParameters): string {
  const list = parameters.components.map((name) => `"${name}"`).join(' ');
  return (
    `(${list});created=${parameters.created};expires=${parameters.expires};nonce="${parameters.nonce}"` +
    `;keyid="${parameters.keyid}";alg="${parameters.alg}"`
  );
}

/** The text that is signed, RFC 9421 §2.5. */
export function signatureBase(parameters: SignatureParameters, values: ComponentValues): string {
  const lines = parameters.components.map((name) => `"${name}": ${values[name] ?? ''}`);
  return [...lines, `"@signature-params": ${serializeParameters(parameters)}`].join('\n');
}

const inputPattern =
  /^vedette=\(((?:"[@a-z0-9-]{1,40}" ?){1,12})\);created=(\d{1,12});expires=(\d{1,12});nonce="([A-Za-z0-9_-]{16,64})";keyid="([A-Za-z0-9_-]{1,128})";alg="(ed25519)"$/;

/** Reads a Signature-Input header of this profile; null for anything else. Only the exact spelling that we write is taken. */
export function parseSignatureInput(header: string): SignatureParameters | null {
  if (header.length > 1024) return null;
  const match = inputPattern.exec(header);
  if (!match) return null;
  const [, list = '', created, expires, nonce = '', keyid = ''] = match;
  return {
    components: list
      .trim()
      .split(' ')
      .map((item) => item.slice(1, -1)),
    created: Number(created),
    expires: Number(expires),
    nonce,
    keyid,
    alg: 'ed25519',
  };
}

/** Base64 text of a Signature header of this profile; null for anything else. */
export function parseSignature(header: string): string | null {
  return /^vedette=:([A-Za-z0-9+/]{86}==):$/.exec(header)?.[1] ?? null;
}

/** Content-Digest value for a SHA-256 in base64, RFC 9530 §2. */
export function contentDigest(sha256Base64: string): string {
  return `sha-256=:${sha256Base64}:`;
}

/**
 * With which a relay delivers a request that it kept while the platform was away: its signature may then be old. Only requests that mean
 * the same whenever they arrive are taken so (documents, which their sequence puts in order). Not signed: it grants nothing but age.
 */
export const heldHeader = 'vedette-held';
