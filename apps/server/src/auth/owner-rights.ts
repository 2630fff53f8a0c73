import { type Permission, permissionMeanings } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { mayUse } from './admit.ts';
import { callerOfUser } from './authenticate.ts';

/** Something that goes on by itself, and whose it is. */
export interface Owned {
  readonly organizationId: string;
  readonly ownerId: string | null;
  readonly createdBy: string;
}

/** What may be seen for an owner now, in the query language: an asset has to fit all of it. Or why nothing is done for them any more. */
export type OwnerRights =
  | { readonly scopes: readonly string[]; readonly problem: null }
  | { readonly scopes: null; readonly problem: string };

/** What goes on for somebody may at each moment what they may themselves: asked when it is done, never remembered from when it was made. */
export async function ownerRights(
  db: Kysely<Database>,
  { organizationId, ownerId, createdBy }: Owned,
  ...needed: readonly Permission[]
): Promise<OwnerRights> {
  const stopped = (why: string): OwnerRights => ({ scopes: null, problem: `${createdBy}, who owns it, ${why}` });
  const owner = ownerId === null ? null : await callerOfUser(db, { organizationId, userId: ownerId });
  if (!owner) return stopped('was removed or disabled, or has no role any more');
  const lost = needed.find((one) => !mayUse(owner, one));
  if (lost) return stopped(`may no longer ${permissionMeanings[lost].describes}`);
  if (owner.seesNoAsset) return stopped('may see no asset any more');
  return { scopes: owner.scopes, problem: null };
}
