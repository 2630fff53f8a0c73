import { hash, randomBytes } from 'node:crypto';
import { contentDigest, limits, replyComponents, serializeParameters, signatureBase, signatureLabel } from '@vedette/protocol';

interface Reply {
  readonly status: number;
  readonly body: Buffer;
  /** Nonce of the request, which binds the reply to it; empty when the request carried none that could be read. */
  readonly requestNonce: string;
}

/** Headers that prove a reply to be the platform's answer to this very request (RFC 9421 with our components). */
export function signReply(reply: Reply, sign: (text: string) => Buffer, nowSeconds: number): Record<string, string> {
  const digest = contentDigest(hash('sha256', reply.body, 'base64'));
  const parameters = {
    components: [...replyComponents],
    created: nowSeconds,
    expires: nowSeconds + limits.signatureAgeSeconds,
    nonce: randomBytes(18).toString('base64url'),
    keyid: 'platform',
    alg: 'ed25519' as const,
  };
  const base = signatureBase(parameters, {
    '@status': String(reply.status),
    'content-digest': digest,
    'vedette-request-nonce': reply.requestNonce,
  });
  return {
    'content-digest': digest,
    'vedette-request-nonce': reply.requestNonce,
    'signature-input': `${signatureLabel}=${serializeParameters(parameters)}`,
    signature: `${signatureLabel}=:${sign(base).toString('base64')}:`,
  };
}
