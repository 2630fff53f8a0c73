import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { FactorRow } from './store.ts';

/** Loaded when somebody first uses a key: it takes a quarter of a second, which every start would. */
const load = () => import('@simplewebauthn/server');

/** Who we are to a browser: what it has made for one it gives to no other. */
export interface RelyingParty {
  readonly id: string;
  readonly origin: string;
}

/** EdDSA, ES256, RS256 (COSE): what authenticators have. */
const supportedAlgorithmIDs = [-8, -7, -257];

/** Null where people reach us by the number of a machine: browsers have no keys for that (WebAuthn Level 3, 5.1.2). */
export function relyingPartyOf({ publicUrl }: Config, request: FastifyRequest): RelyingParty | null {
  const url = new URL(publicUrl ?? `${request.protocol}://${request.host}`);
  return isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0 ? { id: url.hostname, origin: url.origin } : null;
}

export async function registrationOptions(
  party: RelyingParty,
  user: { readonly userId: string; readonly login: string },
  factors: readonly FactorRow[],
) {
  return (await load()).generateRegistrationOptions({
    rpName: 'Vedette',
    rpID: party.id,
    userName: user.login,
    userID: Uint8Array.from(Buffer.from(user.userId)),
    attestationType: 'none',
    supportedAlgorithmIDs,
    // One that is registered already would be no second one.
    excludeCredentials: credentialsOf(factors),
    authenticatorSelection: { residentKey: 'discouraged', userVerification: 'preferred' },
  });
}

/** Null where the answer is not to this challenge, from another site, or not signed as it should be. */
export async function checkRegistration(party: RelyingParty, challenge: string, response: unknown) {
  try {
    const { verified, registrationInfo } = await (
      await load()
    ).verifyRegistrationResponse({
      response: response as never, // its shape is judged within
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      supportedAlgorithmIDs,
      // The password was the first factor; having the key is the second.
      requireUserVerification: false,
    });
    return verified ? registrationInfo.credential : null;
  } catch {
    return null; // what it throws for what is malformed or does not fit
  }
}

export async function authenticationOptions(party: RelyingParty, factors: readonly FactorRow[]) {
  return (await load()).generateAuthenticationOptions({
    rpID: party.id,
    allowCredentials: credentialsOf(factors),
    userVerification: 'preferred',
  });
}

/** The factor that answered, and its new counter; null where none did. */
export async function checkAuthentication(
  party: RelyingParty,
  challenge: string,
  { response, factors }: { readonly response: Record<string, unknown>; readonly factors: readonly FactorRow[] },
): Promise<{ readonly factor: FactorRow; readonly counter: number } | null> {
  const factor = factors.find(({ credentialId }) => credentialId !== null && credentialId === response['id']);
  if (!factor?.credentialId) return null;
  try {
    const { verified, authenticationInfo } = await (
      await load()
    ).verifyAuthenticationResponse({
      response: response as never, // its shape is judged within
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: false,
      credential: { id: factor.credentialId, publicKey: Uint8Array.from(factor.key), counter: factor.counter },
    });
    return verified ? { factor, counter: authenticationInfo.newCounter } : null;
  } catch {
    return null; // as above
  }
}

function credentialsOf(factors: readonly FactorRow[]) {
  return factors.flatMap(({ credentialId, transports }) => (credentialId === null ? [] : [{ id: credentialId, transports }]));
}
