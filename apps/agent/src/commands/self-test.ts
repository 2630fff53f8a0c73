import { getBuiltinModule } from 'node:process';
import { join } from 'node:path';
import { collectors } from '@vedette/collectors';
import { agentVersion } from '../config.ts';
import { readCaFile } from '../enrollment/enroll.ts';
import { loadExistingKey, loadIdentity } from '../enrollment/identity.ts';
import { AgentError } from '../errors.ts';
import { realDisk } from '../upgrade/disk.ts';
import type { CommandContext, CommandOutput } from './command.ts';

/**
 * Whether this version can start on this machine and read what the version before it has written. Changes nothing, because that one still
 * runs. Throws AgentError STATE.
 */
export async function selfTestCommand({ config: { stateDirectory } }: CommandContext): Promise<CommandOutput> {
  const identity = loadIdentity(stateDirectory);
  if (identity) {
    loadExistingKey(stateDirectory, identity.keyFile);
    readCaFile(identity.caFile);
  }
  const rows = countRows(join(stateDirectory, 'spool.db'));
  const json = { version: agentVersion, enrolled: identity !== null, collectors: collectors.length, rows };
  return { json, text: `${agentVersion} starts here and reads ${rows} rows` };
}

function countRows(path: string): number {
  if (realDisk.size(path) === null) return 0;
  try {
    const { DatabaseSync: Database } = getBuiltinModule('node:sqlite');
    using database = new Database(path, { readOnly: true, timeout: 5000 });
    return Number(database.prepare('select coalesce(sum(row_count), 0) as rows from acknowledged').get()?.['rows']);
  } catch (error) {
    throw new AgentError('STATE', `the spool cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
