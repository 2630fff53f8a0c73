import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { promisify } from 'node:util';
import {
  contentDigest,
  limits,
  parseSignature,
  parseSignatureInput,
  requestComponents,
  signatureBase,
  type SignatureParameters,
} from '@vedette/protocol';
import { AgentProblem } from './agent-problem.ts';

/** In the thread pool: checking a signature is the longest single thing in a request, and everybody would wait for it. */
const verifyAside = promisify(verify);

/** What a signature covers of a request. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** DER header of an Ed25519 public key (RFC 8410): the raw key follows. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Reads the parameters of a request's signature; throws AgentProblem for anything but our profile of RFC 9421. `ageSeconds`: how old it may
 * be.
 */
export function readSignature(
  request: SignedRequest,
  nowSeconds: number,
  ageSeconds: number = limits.signatureAgeSeconds,
): SignatureParameters {
  const parameters = parseSignatureInput(header(request, 'signature-input'));
  if (!parameters) throw new AgentProblem('SIGNATURE_INVALID', 'The request has no signature of the profile that agents use.');
  if (parameters.components.join() !== requestComponents.join()) {
    throw new AgentProblem('SIGNATURE_INVALID', 'The signature does not cover the required components.');
  }
  const { created, expires } = parameters;
  const grace = ageSeconds - limits.signatureAgeSeconds;
  const tooOld = expires < nowSeconds - grace || created < nowSeconds - ageSeconds;
  // A signature that claims to live longer would have to be remembered longer.
  const tooNew = created > nowSeconds + limits.signatureAgeSeconds || expires > created + limits.signatureAgeSeconds;
  if (tooOld || tooNew) {
    throw new AgentProblem(
      'SIGNATURE_EXPIRED',
      `The signature is not valid now; check the clock of the host (platform: ${nowSeconds}).`,
    );
  }
  return parameters;
}

/** Checks body digest and signature; rejects with AgentProblem SIGNATURE_INVALID. `publicKey`: raw 32 bytes. */
export async function verifyRequest(request: SignedRequest, parameters: SignatureParameters, publicKey: Buffer): Promise<void> {
  const digest = contentDigest(hash('sha256', request.body, 'base64'));
  if (header(request, 'content-digest') !== digest)
    throw new AgentProblem('SIGNATURE_INVALID', 'The body is not the one that was signed.');
  const base = signatureBase(parameters, {
    '@method': request.method,
    '@path': request.path,
    '@query': request.query,
    'content-digest': digest,
    'content-type': header(request, 'content-type'),
    'content-encoding': header(request, 'content-encoding'),
  });
  const signature = parseSignature(header(request, 'signature'));
  if (!signature || !(await isSignedBy(publicKey, base, signature)))
    throw new AgentProblem('SIGNATURE_INVALID', 'The signature does not fit.');
}

/** Keys as OpenSSL has them, by the bytes that the directory of agents remembers: making one takes a third of a check. */
const keys = new WeakMap<Buffer, KeyObject>();

function keyOf(publicKey: Buffer): KeyObject {
  const known = keys.get(publicKey);
  if (known) return known;
  const key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: 'der', type: 'spki' });
  keys.set(publicKey, key);
  return key;
}

async function isSignedBy(publicKey: Buffer, text: string, signatureBase64: string): Promise<boolean> {
  // OpenSSL takes DER with bytes behind its end: one key would pass under many names.
  if (publicKey.length !== 32) return false;
  try {
    return await verifyAside(null, Buffer.from(text), keyOf(publicKey), Buffer.from(signatureBase64, 'base64'));
  } catch {
    // 32 bytes that are no point of the curve: as good as a wrong signature.
    return false;
  }
}

function header(request: SignedRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
