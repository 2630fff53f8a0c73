import { createHash, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  agentPaths,
  CheckIn,
  contentDigest,
  Enroll,
  type Enrolled,
  Orders,
  type OrdersReply,
  parseSignature,
  parseSignatureInput,
  replyComponents,
  serializeParameters,
  signatureBase,
  Sync,
  type SignatureParameters,
} from '@vedette/protocol';
import { ReferencePlatform } from './reference-platform.ts';

export interface StubReply {
  status: number;
  body: Buffer;
  headers: Record<string, string>;
}

export interface StubOptions {
  readonly keys: ReadonlyMap<string, readonly string[]>;
  readonly tls?: Pick<ServerOptions, 'key' | 'cert' | 'maxVersion'>;
  /** Changes a finished reply on its way out, as somebody in the middle could. */
  readonly tamper?: (reply: StubReply) => void;
  readonly activationKey?: string;
  readonly compressesReplies?: boolean;
  /** Holds requests for orders as long as the agent asks for, as the platform does; else it says at once that there are none. */
  readonly holdsOrders?: boolean;
  readonly onCheckIn?: () => void;
  readonly schedule?: Enrolled['schedule'];
  /** Address to listen on; 127.0.0.1 when absent. */
  readonly host?: string;
}

export const stubAgentId = '3f1c7f0e-2d4b-4c8a-9e51-0a4f5a1b2c3d';
const stubAssetId = '7a9d1c22-6f0b-4f6e-8a34-5e6d7c8b9a01';

/** A platform of one agent on a loopback port: verifies every request by node:crypto alone, signs every reply. */
export class StubServer implements AsyncDisposable {
  readonly platform: ReferencePlatform;
  readonly checkIns: CheckIn[] = [];
  /** Bodies as they arrived, compressed, in bytes. */
  readonly received: { readonly path: string; readonly bytes: number }[] = [];
  readonly #options: StubOptions;
  readonly #server: Server;
  readonly #key = generateKeyPairSync('ed25519');
  readonly #nonces = new Set<string>();
  readonly #sockets: Socket[] = [];
  #agentKey: KeyObject | null = null;

  private constructor(options: StubOptions) {
    this.#options = options;
    this.platform = new ReferencePlatform(options.keys);
    const listener: RequestListener = (request, response) => {
      void this.#answer(request).then(({ status, body, headers }) => response.writeHead(status, headers).end(body));
    };
    this.#server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
    this.#server.keepAliveTimeout = 72_000; // as the platform's; Node's own 5 s would cost an idle agent a handshake a minute
    this.#server.on('connection', (socket) => this.#sockets.push(socket));
  }

  static async start(options: StubOptions): Promise<StubServer> {
    const stub = new StubServer(options);
    const { promise, resolve } = Promise.withResolvers<void>();
    stub.#server.listen(0, options.host ?? '127.0.0.1', resolve);
    await promise;
    return stub;
  }

  get url(): URL {
    const { port, address, family } = this.#server.address() as AddressInfo; // a TCP server that listens
    const host = family === 'IPv6' ? `[${address}]` : address;
    return new URL(`${this.#options.tls ? 'https' : 'http'}://${host}:${port}`);
  }

  /** All that went over its connections in both directions, headers included, without what TCP and TLS add. */
  get connectionBytes(): number {
    return this.#sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  }

  get publicKey(): KeyObject {
    return this.#key.publicKey;
  }

  trust(agentKey: KeyObject): void {
    this.#agentKey = agentKey;
  }

  async #answer(request: IncomingMessage): Promise<StubReply> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const path = request.url ?? '';
    this.received.push({ path, bytes: body.length });
    if (path === agentPaths.orders && this.#options.holdsOrders === true) {
      const { waitSeconds } = Orders.parse(decoded(body));
      await delay(waitSeconds * 1000, undefined, { ref: false });
    }
    const parameters = parseSignatureInput(String(request.headers['signature-input']));
    const [status, message] = this.#handle(path, body, request, parameters);
    const reply = this.#signed(status, message, parameters?.nonce ?? '');
    this.#options.tamper?.(reply);
    return reply;
  }

  #handle(path: string, body: Buffer, request: IncomingMessage, parameters: SignatureParameters | null): [number, unknown] {
    const message = decoded(body);
    if (path === agentPaths.enroll) {
      const enroll = Enroll.parse(message);
      if (enroll.activationKey !== (this.#options.activationKey ?? enroll.activationKey))
        return [403, { code: 'ACTIVATION_KEY_REFUSED', detail: 'this key is not known' }];
      const x = Buffer.from(enroll.publicKey, 'base64').toString('base64url');
      this.#agentKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
    }
    const problem = this.#refusal(body, request, parameters);
    if (problem) return [401, { code: problem, detail: 'refused' }];
    if (path === agentPaths.sync) return [200, this.platform.sync(Sync.parse(message).documents)];
    const schedule = this.#options.schedule ?? { checkInSeconds: 60, fullScanSeconds: 3600 };
    if (path === agentPaths.checkIn) {
      const checkIn = CheckIn.parse(message);
      this.checkIns.push(checkIn);
      this.#options.onCheckIn?.();
      const differs = checkIn.collectors.filter(({ name, digest, sequence }) => {
        const held = this.platform.held.get(name);
        return sequence > 0 && (held?.digest !== digest || held.sequence !== sequence);
      });
      return [200, { resend: differs.map(({ name }) => name), schedule }];
    }
    if (path === agentPaths.orders) return [200, { orders: [] } satisfies OrdersReply];
    const { x = '' } = this.#key.publicKey.export({ format: 'jwk' });
    const platformPublicKey = Buffer.from(x, 'base64url').toString('base64');
    return [200, { agentId: stubAgentId, assetId: stubAssetId, platformPublicKey, schedule }];
  }

  #refusal(body: Buffer, request: IncomingMessage, parameters: SignatureParameters | null): string | null {
    const signature = parseSignature(String(request.headers['signature']));
    const digest = contentDigest(createHash('sha256').update(body).digest('base64'));
    if (!parameters || signature === null || !this.#agentKey || request.headers['content-digest'] !== digest)
      return 'SIGNATURE_INVALID';
    const base = signatureBase(parameters, {
      '@method': request.method ?? '',
      '@path': request.url ?? '',
      '@query': '?',
      'content-digest': digest,
      'content-type': String(request.headers['content-type']),
      'content-encoding': String(request.headers['content-encoding']),
    });
    if (!verify(null, Buffer.from(base), this.#agentKey, Buffer.from(signature, 'base64'))) return 'SIGNATURE_INVALID';
    if (this.#nonces.has(parameters.nonce)) return 'REPLAYED';
    this.#nonces.add(parameters.nonce);
    const now = Date.now() / 1000;
    return parameters.expires < now || parameters.created > now + 300 ? 'SIGNATURE_EXPIRED' : null;
  }

  #signed(status: number, message: unknown, nonce: string): StubReply {
    const document = Buffer.from(JSON.stringify(message));
    const isCompressed = this.#options.compressesReplies === true;
    const body = isCompressed ? zstdCompressSync(document) : document;
    const digest = contentDigest(createHash('sha256').update(body).digest('base64'));
    const created = Math.floor(Date.now() / 1000);
    const parameters: SignatureParameters = {
      components: [...replyComponents],
      created,
      expires: created + 300,
      nonce,
      keyid: 'platform',
      alg: 'ed25519',
    };
    const base = signatureBase(parameters, {
      '@status': String(status),
      'content-digest': digest,
      'vedette-request-nonce': nonce,
    });
    const signature = sign(null, Buffer.from(base), this.#key.privateKey).toString('base64');
    const headers = {
      'content-type': 'application/json',
      ...(isCompressed ? { 'content-encoding': 'zstd' } : {}),
      'content-digest': digest,
      'vedette-request-nonce': nonce,
      'signature-input': `vedette=${serializeParameters(parameters)}`,
      signature: `vedette=:${signature}:`,
    };
    return { status, body, headers };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#server.close(resolve);
    this.#server.closeAllConnections();
    await promise;
  }
}

function decoded(body: Buffer): unknown {
  return JSON.parse(zstdDecompressSync(body).toString('utf8'));
}
