import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Lets the fleet index follow what lists of assets are sorted and filtered by: the architecture, and of the newest agent its version and whether
 * it has checked in. Later check-ins change none of it, so that they still need no new entries in any index. The new column is counted at once:
 * of one that PostgreSQL knows nothing of it believes that a third of all agents is new, and reads all assets for each that is.
 */
export const newestAgents: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements.split(/;\n\n/)) await sql.raw(statement).execute(db);
  },
};

const statements = `
alter table agent add column written_by xid8 not null default pg_current_xact_id();

create index agent_written on agent (written_by);

create trigger note_writer before update on agent for each row
when ((old.version, old.last_check_in is null) is distinct from (new.version, new.last_check_in is null))
execute function note_writer();

drop trigger note_writer on asset;

create trigger note_writer before update on asset for each row
when (
  (old.hostname, old.os, old.ecosystem, old.release, old.architecture, old.pending_restart)
    is distinct from (new.hostname, new.os, new.ecosystem, new.release, new.architecture, new.pending_restart)
) execute function note_writer();

analyze agent (written_by)
`;
