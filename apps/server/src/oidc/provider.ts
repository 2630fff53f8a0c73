import { createHash } from 'node:crypto';
import type * as client from 'openid-client';
import { z } from 'zod';
import type { OidcConfig } from '../config.ts';

/** Only platforms with such a provider need it, and not before somebody logs in there. */
const load = () => import('openid-client');

/** What a provider says of a person. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly login: string;
  readonly name: string;
  /** Values of the claim that decides about the role. */
  readonly values: readonly string[];
}

/** What was sent with a login, and has to come back with it. */
export interface Expected {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** An OpenID provider, found by its issuer when it is first needed: that it is away keeps nobody from starting. */
export class OidcProvider {
  readonly #config: OidcConfig;
  readonly #secret: string | undefined;
  #found: Promise<client.Configuration> | null = null;

  constructor(config: OidcConfig, secret: string | undefined) {
    this.#config = config;
    this.#secret = secret;
  }

  /** Where the browser has to go (OpenID Connect Core 3.1.2.1, with PKCE, RFC 7636). */
  async authorizationUrl({ state, nonce, codeVerifier }: Expected, redirectUri: string): Promise<URL> {
    const client = await load();
    return client.buildAuthorizationUrl(await this.#find(), {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    });
  }

  /**
   * Who came back. The library checks state, nonce, issuer (also that of the response, RFC 9207), audience, times and signature, and throws
   * for what does not fit.
   */
  async identify(address: URL, { state, nonce, codeVerifier }: Expected): Promise<Identity> {
    const client = await load();
    const tokens = await client.authorizationCodeGrant(await this.#find(), address, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (!claims) throw new Error('the provider sent no ID token');
    const { iss, sub } = claims;
    if (!isOfToken(claims['at_hash'], tokens)) throw new Error('the ID token is of another access token');
    // Many providers tell of groups only where they are asked for the person.
    const info = this.#config.roleClaim in claims ? {} : await this.#userInfo(tokens.access_token, sub);
    const all: Record<string, unknown> = { ...info, ...claims };
    const text = (name: string): string => (typeof all[name] === 'string' ? all[name] : '');
    const value = all[this.#config.roleClaim];
    const values = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');
    const login = text('preferred_username') || text('email') || sub;
    return { issuer: iss, subject: sub, login, name: text('name'), values };
  }

  async #userInfo(accessToken: string, subject: string): Promise<Record<string, unknown>> {
    const [client, config] = [await load(), await this.#find()];
    return config.serverMetadata().userinfo_endpoint === undefined ? {} : client.fetchUserInfo(config, accessToken, subject);
  }

  async #find(): Promise<client.Configuration> {
    const { issuer, clientId } = this.#config;
    const client = await load();
    // By itself the library leaves the signature of a token that came over TLS unchecked (OpenID Connect Core 3.1.3.7, 6); and where that
    // is not TLS is on this machine only: config.ts.
    const execute = [client.enableNonRepudiationChecks, ...(issuer.startsWith('http:') ? [client.allowInsecureRequests] : [])];
    const finding = (this.#found ??= client.discovery(new URL(issuer), clientId, this.#secret, undefined, { execute }));
    try {
      return await finding;
    } catch (error) {
      this.#found = null;
      throw error;
    }
  }
}

const Header = z.object({ alg: z.string() });

/** OpenID Connect Core 3.1.3.8, which the library leaves out: half of a hash of the size that the signature has; Ed25519 has SHA-512. */
function isOfToken(atHash: unknown, tokens: { readonly access_token: string; readonly id_token?: string | undefined }): boolean {
  if (atHash === undefined) return true;
  const [header = ''] = (tokens.id_token ?? '').split('.');
  const { alg } = Header.parse(JSON.parse(Buffer.from(header, 'base64url').toString())); // its signature was checked
  const [bits = '512'] = /(?:256|384|512)$/.exec(alg) ?? [];
  const digest = createHash(`sha${bits}`).update(tokens.access_token).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url') === atHash;
}
