import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test changes of an honest ID token. */
export interface Lies {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: KeyObject;
  /** What it says where it is asked for the person. */
  readonly userInfo?: Record<string, unknown>;
}

export interface FalseProvider extends AsyncDisposable {
  readonly issuer: string;
  /** Of the next token. */
  lies: Lies;
  /** Nonce of the login that is under way. */
  nonce: string;
  /** From now on it signs with another key, which it publishes under another name. Returns that of before. */
  readonly rotate: () => KeyObject;
  /** Codes that came, each with the verifier that came with it. */
  readonly seen: { readonly code: string; readonly verifier: string }[];
}

/** An OpenID provider that says whatever a test wants it to say. */
export async function falseProvider(clientId: string): Promise<FalseProvider> {
  let signing = { kid: '1', ...newKeys() };
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const json = answer(request.url ?? '', new URLSearchParams(Buffer.concat(chunks).toString()));
      reply.setHeader('content-type', 'application/json').end(JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: FalseProvider = {
    issuer,
    lies: {},
    nonce: '',
    rotate: () => {
      const { privateKey, kid } = signing;
      signing = { kid: `${Number(kid) + 1}`, ...newKeys() };
      return privateKey;
    },
    seen: [],
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };

  function answer(path: string, form: URLSearchParams): object {
    if (path.startsWith('/.well-known/')) {
      const endpoints = {
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        userinfo_endpoint: `${issuer}/userinfo`,
      };
      const able = {
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      };
      return { issuer, ...endpoints, ...able };
    }
    if (path === '/jwks') {
      return { keys: [{ ...signing.publicKey.export({ format: 'jwk' }), kid: signing.kid, alg: 'RS256', use: 'sig' }] };
    }
    if (path === '/userinfo') return provider.lies.userInfo ?? { sub: 'eve' };
    provider.seen.push({ code: form.get('code') ?? '', verifier: form.get('code_verifier') ?? '' });
    return { access_token: 'x', token_type: 'Bearer', expires_in: 60, id_token: idToken() };
  }

  function idToken(): string {
    const at = Math.floor(Date.now() / 1000);
    const honest = { iss: issuer, sub: 'eve', aud: clientId, nonce: provider.nonce, iat: at, exp: at + 60, groups: ['admins'] };
    const parts = [
      { alg: 'RS256', kid: signing.kid, ...provider.lies.header },
      { ...honest, ...provider.lies.claims },
    ];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const isUnsigned = provider.lies.header?.['alg'] === 'none';
    return `${text}.${isUnsigned ? '' : sign('sha256', Buffer.from(text), provider.lies.key ?? signing.privateKey).toString('base64url')}`;
  }

  return provider;
}

function newKeys(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}
