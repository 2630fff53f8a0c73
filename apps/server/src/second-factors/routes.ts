import { randomUUID } from 'node:crypto';
import {
  confirmTotp,
  confirmWebauthn,
  deleteSecondFactor,
  listSecondFactors,
  makeRecoveryCodes,
  type SecondFactor,
  startTotp,
  startWebauthn,
} from '@vedette/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Caller } from '../auth/authenticate.ts';
import type { Context } from '../context.ts';
import { isUniqueViolation } from '../db/database-error.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { challengePlace, factorPlace } from '../sealing/sealed-places.ts';
import { readLoginRules } from './login-rules.ts';
import { hashRecoveryCode, newRecoveryCodes } from './recovery-codes.ts';
import {
  countRecoveryCodes,
  deleteFactor,
  type FactorRow,
  hasFactor,
  insertFactor,
  listFactors,
  setChallenge,
  setRecoveryCodes,
  takeChallenge,
} from './store.ts';
import { newTotp, stepOf } from './totp.ts';
import { checkRegistration, registrationOptions, type RelyingParty, relyingPartyOf } from './webauthn.ts';

/** Whoever finds an open browser shall not make himself at home in the account. */
const freshLoginMs = 15 * 60_000;
const maxFactors = 10;

/** The caller's own second factors. */
export function registerSecondFactors(app: FastifyInstance, context: Context): void {
  const { db, clock, sealer } = context;

  serve(app, context, listSecondFactors, async ({ caller }) => ({
    items: (await listFactors(db, caller.userId)).map(toSecondFactor),
    recoveryCodes: await countRecoveryCodes(db, caller.userId),
    isRequired: (await readLoginRules(db, caller.organizationId)).includes(caller.role),
  }));

  serve(app, context, startTotp, async ({ caller }) => {
    const sessionId = freshSession(caller);
    const { key, secret, uri } = newTotp(caller.login);
    await setChallenge(db, sessionId, `totp ${sealer.seal(key, challengePlace(sessionId))}`, clock());
    return { secret, uri };
  });

  serve(app, context, confirmTotp, async ({ caller, body: { name, code } }) => {
    const sessionId = freshSession(caller);
    const begun = await takeBegun(sessionId, 'totp');
    const key = sealer.open(begun, challengePlace(sessionId));
    const step = stepOf(key, code, clock());
    if (step === null) {
      // A mistyped code is no reason to read the QR code again; six tries in ten minutes guess nothing of use.
      await setChallenge(db, sessionId, `totp ${begun}`, clock());
      throw new ApiError('BAD_REQUEST', 'The code is another one at this moment; is the clock of the device right?');
    }
    const id = randomUUID();
    return keep(caller, {
      id,
      kind: 'totp',
      name,
      key: Buffer.from(sealer.seal(key, factorPlace({ userId: caller.userId, id }))),
      counter: step,
    });
  });

  serve(app, context, startWebauthn, async ({ caller, request }) => {
    const sessionId = freshSession(caller);
    const options = await registrationOptions(partyOf(request), caller, await listFactors(db, caller.userId));
    await setChallenge(db, sessionId, `webauthn ${options.challenge}`, clock());
    return { options: { ...options } };
  });

  serve(app, context, confirmWebauthn, async ({ caller, request, body: { name, response } }) => {
    const challenge = await takeBegun(freshSession(caller), 'webauthn');
    const credential = await checkRegistration(partyOf(request), challenge, response);
    if (!credential) throw new ApiError('BAD_REQUEST', 'What the browser made is no answer to what it was asked for');
    const { id, publicKey, counter, transports = [] } = credential;
    return keep(caller, {
      id: randomUUID(),
      kind: 'webauthn',
      name,
      key: Buffer.from(publicKey),
      credentialId: id,
      counter,
      transports: [...transports],
    });
  });

  serve(app, context, deleteSecondFactor, async ({ caller, params: { secondFactorId } }) => {
    freshSession(caller);
    if (!(await deleteFactor(db, caller.userId, secondFactorId)))
      throw new ApiError('NOT_FOUND', 'You have no such second factor');
    return { deleted: true as const };
  });

  serve(app, context, makeRecoveryCodes, async ({ caller }) => {
    freshSession(caller);
    if (!(await hasFactor(db, caller.userId))) throw new ApiError('CONFLICT', 'Set up a second factor first');
    return { recoveryCodes: await renewRecoveryCodes(caller) };
  });

  function freshSession({ sessionId, loggedInAt }: Caller): string {
    if (sessionId === null || loggedInAt === null) throw new Error('an account is for sessions');
    if (clock().getTime() - loggedInAt.getTime() < freshLoginMs) return sessionId;
    throw new ApiError('FORBIDDEN', 'Log in again: second factors are changed within a quarter of an hour of it');
  }

  async function takeBegun(sessionId: string, kind: 'totp' | 'webauthn'): Promise<string> {
    const [begun, value] = (await takeChallenge(db, sessionId, clock()))?.split(' ') ?? [];
    if (begun === kind && value !== undefined) return value;
    throw new ApiError('CONFLICT', 'Nothing was begun, or it took too long: begin again');
  }

  function partyOf(request: FastifyRequest): RelyingParty {
    const party = relyingPartyOf(context.config, request);
    if (party) return party;
    throw new ApiError(
      'CONFLICT',
      'Browsers keep keys for names, not for addresses: open the console by its name, or as localhost',
    );
  }

  async function keep(
    caller: Caller,
    factor: Omit<Parameters<typeof insertFactor>[1], 'organizationId' | 'userId' | 'createdAt'>,
  ) {
    const { organizationId, userId } = caller;
    const factors = await listFactors(db, userId);
    if (factors.length >= maxFactors) throw new ApiError('CONFLICT', `${maxFactors} second factors are enough`);
    const row = await insertFactor(db, { ...factor, organizationId, userId, createdAt: clock() }).catch((error: unknown) => {
      if (isUniqueViolation(error)) throw new ApiError('CONFLICT', 'This key opens an account already', { cause: error });
      throw error;
    });
    const recoveryCodes = factors.length === 0 ? await renewRecoveryCodes(caller) : null;
    return { ...toSecondFactor(row), recoveryCodes };
  }

  async function renewRecoveryCodes({ userId }: Caller): Promise<string[]> {
    const codes = newRecoveryCodes();
    await setRecoveryCodes(db, userId, codes.map(hashRecoveryCode));
    return codes;
  }
}

function toSecondFactor({ id, kind, name, createdAt, lastUsedAt }: FactorRow): SecondFactor {
  const secondFactorId = id as SecondFactor['secondFactorId']; // an id of our own
  return { secondFactorId, kind, name, createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt?.toISOString() ?? null };
}
