import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import {
  agentPaths,
  contentDigest,
  Enrolled,
  parseSignature,
  parseSignatureInput,
  requestComponents,
  serializeParameters,
  signatureBase,
} from '@vedette/protocol';
import type { TestServer } from './test-server.ts';

/** What a test changes of an honest request. */
export interface Forgery {
  readonly key?: KeyObject;
  readonly keyid?: string;
  readonly created?: number;
  readonly expires?: number;
  readonly nonce?: string;
  readonly components?: readonly string[];
  /** That the signature speaks of. */
  readonly method?: string;
  /** Sent instead of the document, with a fitting signature. */
  readonly body?: Buffer;
  readonly encoding?: string;
  /** After signing. */
  readonly tamper?: (request: SentRequest) => void;
}

export interface SentRequest {
  method: 'POST';
  url: string;
  headers: Record<string, string>;
  body: Buffer;
}

export interface AgentReply {
  readonly status: number;
  readonly json: Record<string, unknown>;
  /** Signed by the platform's key, over this very body and status, bound to the request's nonce. */
  readonly authentic: boolean;
}

/** An agent as it should be, which a test may bend. */
export class TestAgent {
  readonly key = generateKeyPairSync('ed25519').privateKey;
  agentId = '';
  assetId = '';
  readonly #server: TestServer;

  constructor(server: TestServer) {
    this.#server = server;
  }

  /** Raw 32 bytes. */
  get publicKey(): Buffer {
    return Buffer.from(createPublicKey(this.key).export({ format: 'jwk' }).x ?? '', 'base64url');
  }

  async enroll(activationKey: string, forgery: Forgery = {}, document: object = {}): Promise<AgentReply> {
    const identity = { publicKey: this.publicKey.toString('base64'), hostname: 'web-1', agentVersion: '1', machineId: 'm' };
    const keyid = this.publicKey.toString('base64url');
    const reply = await this.post(agentPaths.enroll, { activationKey, ...identity, ...document }, { keyid, ...forgery });
    const enrolled = Enrolled.safeParse(reply.json);
    if (enrolled.success) [this.agentId, this.assetId] = [enrolled.data.agentId, enrolled.data.assetId];
    return reply;
  }

  async post(path: string, document: unknown, forgery: Forgery = {}): Promise<AgentReply> {
    const request = this.signed(path, document, forgery);
    forgery.tamper?.(request);
    return this.deliver(request);
  }

  signed(path: string, document: unknown, forgery: Forgery = {}): SentRequest {
    const now = Math.floor(this.#server.clock.now.getTime() / 1000);
    const body = forgery.body ?? zstdCompressSync(JSON.stringify(document));
    const { created = now, encoding = 'zstd' } = forgery;
    const parameters = {
      components: [...(forgery.components ?? requestComponents)],
      created,
      expires: forgery.expires ?? created + 300,
      nonce: forgery.nonce ?? randomBytes(18).toString('base64url'),
      keyid: forgery.keyid ?? this.agentId,
      alg: 'ed25519' as const,
    };
    const digest = contentDigest(createHash('sha256').update(body).digest('base64'));
    const headers = { 'content-digest': digest, 'content-type': 'application/json', 'content-encoding': encoding };
    const mark = path.indexOf('?');
    const base = signatureBase(parameters, {
      '@method': forgery.method ?? 'POST',
      '@path': mark < 0 ? path : path.slice(0, mark),
      '@query': mark < 0 ? '?' : path.slice(mark),
      ...headers,
    });
    const signature = sign(null, Buffer.from(base), forgery.key ?? this.key).toString('base64');
    const signed = { 'signature-input': `vedette=${serializeParameters(parameters)}`, signature: `vedette=:${signature}:` };
    return { method: 'POST', url: path, headers: { ...headers, ...signed }, body };
  }

  async deliver({ method, url, headers, body }: SentRequest): Promise<AgentReply> {
    const reply = await this.#server.app.inject({ method, url, headers, payload: body });
    const nonce = /;nonce="([^"]*)"/.exec(headers['signature-input'] ?? '')?.[1] ?? '';
    return {
      status: reply.statusCode,
      json: reply.json(),
      authentic: this.#isAuthentic(reply.statusCode, reply.headers, { body: reply.rawPayload, nonce }),
    };
  }

  #isAuthentic(
    status: number,
    headers: Readonly<Record<string, unknown>>,
    { body, nonce }: { body: Buffer; nonce: string },
  ): boolean {
    const parameters = parseSignatureInput(String(headers['signature-input']));
    const signature = parseSignature(String(headers['signature']));
    const digest = contentDigest(createHash('sha256').update(body).digest('base64'));
    if (!parameters || !signature || headers['vedette-request-nonce'] !== nonce) return false;
    const values = { '@status': String(status), 'content-digest': digest, 'vedette-request-nonce': nonce };
    const x = Buffer.from(this.#server.context.platformKey.publicKeyBase64, 'base64').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, Buffer.from(signatureBase(parameters, values)), key, Buffer.from(signature, 'base64'));
  }
}
