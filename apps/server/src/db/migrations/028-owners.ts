import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Whose a report, a schedule and a rule is, by id: what goes on by itself may what its owner may, and a login can be given to somebody else
 * once it is free. Where nobody had that login yet, it is nobody's.
 */
export const owners: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const name of ['report', 'report_schedule', 'notification_rule']) {
      const table = sql.table(name);
      await sql`alter table ${table} add column owner_id uuid`.execute(db);
      await sql`
        update ${table} as owned set owner_id = app_user.id from app_user
        where app_user.organization_id = owned.organization_id and app_user.login = owned.created_by
          and app_user.created_at <= owned.created_at`.execute(db);
    }
  },
};
