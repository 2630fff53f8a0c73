import { getLoginRules, setLoginRules } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { findRole } from '../users/rights.ts';

export function registerLoginRules(app: FastifyInstance, context: Context): void {
  const { db } = context;

  serve(app, context, getLoginRules, async ({ caller }) => ({
    secondFactorRoles: await readLoginRules(db, caller.organizationId),
  }));

  serve(app, context, setLoginRules, async ({ caller: { organizationId }, body, note }) => {
    const before = await readLoginRules(db, organizationId);
    const secondFactorRoles = [...new Set(body.secondFactorRoles)].toSorted();
    for (const role of secondFactorRoles) {
      if (!(await findRole(db, organizationId, role)))
        throw new ApiError('BAD_REQUEST', `There is no role "${role}"; see listRoles`);
    }
    await db.updateTable('organization').set({ secondFactorRoles }).where('id', '=', organizationId).execute();
    note({ before, after: secondFactorRoles });
    return { secondFactorRoles };
  });
}

/** Roles that must have a second factor. */
export async function readLoginRules(db: Kysely<Database>, organizationId: string): Promise<string[]> {
  const row = await db
    .selectFrom('organization')
    .select('secondFactorRoles')
    .where('id', '=', organizationId)
    .executeTakeFirstOrThrow();
  return row.secondFactorRoles;
}
