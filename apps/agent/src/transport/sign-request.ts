import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import {
  contentDigest,
  limits,
  requestComponents,
  serializeParameters,
  signatureBase,
  signatureLabel,
  type SignatureParameters,
} from '@vedette/protocol';

export interface Signer {
  readonly key: KeyObject;
  readonly keyid: string;
}

export interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly nonce: string;
}

/** Headers of a POST of a zstd-compressed JSON body, signed by the profile of protocol's http-signature.ts. `nowSeconds`: Unix time. */
export function signRequest(path: string, body: Uint8Array, signer: Signer, nowSeconds: number): SignedRequest {
  const headers = {
    'content-type': 'application/json',
    'content-encoding': 'zstd',
    'content-digest': contentDigest(createHash('sha256').update(body).digest('base64')),
  };
  const nonce = randomBytes(18).toString('base64url');
  const parameters: SignatureParameters = {
    components: [...requestComponents],
    created: nowSeconds,
    expires: nowSeconds + limits.signatureAgeSeconds,
    nonce,
    keyid: signer.keyid,
    alg: 'ed25519',
  };
  // RFC 9421 §2.2.7: an absent query string is the single character `?`.
  const base = signatureBase(parameters, { '@method': 'POST', '@path': path, '@query': '?', ...headers });
  const signature = sign(null, Buffer.from(base), signer.key).toString('base64');
  return {
    nonce,
    headers: {
      ...headers,
      'signature-input': `${signatureLabel}=${serializeParameters(parameters)}`,
      signature: `${signatureLabel}=:${signature}:`,
    },
  };
}
