import { createHash, verify, type KeyObject } from 'node:crypto';
import {
  contentDigest,
  parseSignature,
  parseSignatureInput,
  replyComponents,
  signatureBase,
  type SignatureParameters,
} from '@vedette/protocol';
import type { HttpReply } from './http-exchange.ts';

/**
 * Parameters of the platform's signature over this reply; null when there is none, or it is not the platform's, or it answers another
 * request. The nonce is ours and used once, so it proves freshness; the signature's times are not compared with our clock,
 * which may be wrong.
 */
export function verifyReply(reply: HttpReply, nonce: string, platformKey: KeyObject): SignatureParameters | null {
  const parameters = parseSignatureInput(reply.headers['signature-input'] ?? '');
  const signature = parseSignature(reply.headers['signature'] ?? '');
  if (!parameters || signature === null || parameters.keyid !== 'platform') return null;
  if (parameters.components.join(' ') !== replyComponents.join(' ')) return null;
  const digest = contentDigest(createHash('sha256').update(reply.body).digest('base64'));
  if (reply.headers['content-digest'] !== digest) return null;
  const base = signatureBase(parameters, {
    '@status': String(reply.status),
    'content-digest': digest,
    'vedette-request-nonce': nonce,
  });
  return verify(null, Buffer.from(base), platformKey, Buffer.from(signature, 'base64')) ? parameters : null;
}
