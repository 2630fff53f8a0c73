import { askSecondFactor, giveSecondFactor } from '@vedette/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { auditRefusal } from '../audit/audit-request.ts';
import type { Caller } from '../auth/authenticate.ts';
import { countGuess, forgive } from '../auth/login-guard.ts';
import { openSession } from '../auth/open-session.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { factorPlace } from '../sealing/sealed-places.ts';
import { SealingError } from '../sealing/sealing-error.ts';
import { hashRecoveryCode } from './recovery-codes.ts';
import {
  countRecoveryCodes,
  type FactorRow,
  listFactors,
  setChallenge,
  takeChallenge,
  takeRecoveryCode,
  useFactor,
} from './store.ts';
import { stepOf } from './totp.ts';
import { authenticationOptions, checkAuthentication, relyingPartyOf } from './webauthn.ts';

type Given = z.output<typeof giveSecondFactor.body>;

/** The second half of a login. */
export function registerSecondFactorLogin(app: FastifyInstance, context: Context): void {
  const { db, clock, config, log, sealer } = context;

  serve(app, context, askSecondFactor, async ({ caller, request }) => {
    const sessionId = waitingSession(caller);
    const factors = await listFactors(db, caller.userId);
    const keys = factors.filter(({ kind }) => kind === 'webauthn');
    const party = keys.length > 0 ? relyingPartyOf(config, request) : null;
    const options = party && (await authenticationOptions(party, keys));
    if (options) await setChallenge(db, sessionId, `login ${options.challenge}`, clock());
    const hasCodes = (await countRecoveryCodes(db, caller.userId)) > 0;
    return {
      methods: [
        ...(options ? (['webauthn'] as const) : []),
        ...(factors.some(({ kind }) => kind === 'totp') ? (['totp'] as const) : []),
        ...(hasCodes ? (['recovery-code'] as const) : []),
      ],
      webauthn: options && { ...options },
    };
  });

  serve(app, context, giveSecondFactor, async ({ caller, body, request, reply, note }) => {
    const sessionId = waitingSession(caller);
    // By the user, from wherever: six figures are guessed quickly by whoever has the password already.
    const guesses = [{ subject: `second factor of ${caller.userId}`, allowed: 5 }];
    await countGuess(db, guesses, clock());
    const method = 'code' in body ? 'totp' : 'response' in body ? 'webauthn' : 'recovery-code';
    if (!(await isRight(caller, sessionId, body, request))) {
      await auditRefusal(context, { request, caller, action: giveSecondFactor.name, detail: { method } });
      throw new ApiError('LOGIN_FAILED', 'That is not the second factor, or it was used already');
    }
    await forgive(db, guesses, clock());
    note({ method });
    return openSession(context, { request, reply }, { ...caller, stage: 'complete' });
  });

  function waitingSession({ sessionId, stage }: Caller): string {
    if (sessionId === null || stage !== 'second-factor') throw new ApiError('CONFLICT', 'No second factor is waited for');
    return sessionId;
  }

  async function isRight(caller: Caller, sessionId: string, given: Given, request: FastifyRequest): Promise<boolean> {
    const { userId } = caller;
    const now = clock();
    if ('recoveryCode' in given) return takeRecoveryCode(db, userId, hashRecoveryCode(given.recoveryCode));
    const factors = await listFactors(db, userId);
    if ('response' in given) {
      const [kind, challenge] = (await takeChallenge(db, sessionId, now))?.split(' ') ?? [];
      const party = relyingPartyOf(config, request);
      if (kind !== 'login' || challenge === undefined || !party) return false;
      const answer = await checkAuthentication(party, challenge, { response: given.response, factors });
      return answer !== null && useFactor(db, answer.factor.id, { counter: answer.counter, now, mayStay: answer.counter === 0 });
    }
    for (const factor of factors.filter(({ kind }) => kind === 'totp')) {
      const key = openKey(factor);
      const step = key && stepOf(key, given.code, now);
      if (step !== null && (await useFactor(db, factor.id, { counter: step, now }))) return true;
    }
    return false;
  }

  /** Null for one that was altered: the others, and recovery codes, still open the account. */
  function openKey(factor: FactorRow): Buffer | null {
    try {
      return sealer.open(factor.key.toString(), factorPlace(factor));
    } catch (error) {
      if (!(error instanceof SealingError)) throw error;
      log.error({ err: error, secondFactor: factor.id }, 'a second factor cannot be used');
      return null;
    }
  }
}
