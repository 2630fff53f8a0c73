import { agentPaths, type FactRow } from '@vedette/protocol';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';
import type { MakeDocument } from './history-world.ts';
import { TestAgent } from './test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from './test-server.ts';

export type TestCaller = Awaited<ReturnType<typeof testCaller>>;

/** What nobody may be told of who may not see the asset. */
export interface Canary {
  readonly assetId: string;
  readonly agentId: string;
  readonly texts: readonly string[];
}

/** Of the testkit; handed in, because no program may know it. */
interface WorldParts {
  readonly database: Parameters<typeof testServer>[0] & AsyncDisposable;
  readonly syncDocument: MakeDocument;
}

/** An organization whose assets differ in everything, so that a reply about the wrong one is noticed. */
export interface PeopleWorld extends AsyncDisposable {
  readonly database: WorldParts['database'];
  readonly server: TestServer;
  /** A manager who sees everything. */
  readonly manager: TestCaller;
  readonly addAsset: (hostname: string, owner?: TestCaller) => Promise<Canary>;
}

const dayMs = 24 * 3600 * 1000;

/** Knows checks for a package of each of these names, which assets of that name have. Disposing it disposes the database, too. */
export async function peopleWorld({ database, syncDocument }: WorldParts, names: readonly string[]): Promise<PeopleWorld> {
  const server = await testServer(database);
  const manager = await testCaller(server);
  const statement = { ecosystem: 'debian', release: 'bookworm', status: 'fixed', introduced: null } as const;
  const advisories = [...names, 'common'].map((name, index) => ({
    id: `DSA-900${index}-1`,
    feed: 'debian-dsa',
    published: '2026-10-01',
    vulnerabilities: [`CVE-2026-100${index}`],
    affected: [{ ...statement, package: `lib${name}`, fixed: '2.0-1' }],
  }));
  server.clock.now = new Date('2026-11-10T12:00:00Z');
  await importKnowledge(database.db, { advisories, vulnerabilities: [], origins: [] }, { at: server.clock.now, starter: false });
  server.clock.now = new Date(server.clock.now.getTime() + 2 * dayMs);

  async function addAsset(name: string, owner = manager): Promise<Canary> {
    const agent = new TestAgent(server);
    await agent.enroll(await testActivationKey(server, owner.organizationId), {}, { hostname: name });
    const release = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: `Debian of ${name}` };
    const os = { ...release, hostname: name, architecture: 'amd64' };
    const user = { name: `user-of-${name}`, uid: 1000, gid: 1, home: '/home', shell: '', password: 'set', groups: [] };
    const documents = Object.entries({ os: [os], user: [user], dpkg: [pkg(`lib${name}`), pkg('libcommon')] }).map(
      ([collector, rows]) => syncDocument({ collector, sequence: 1, rows: rows as FactRow[] }),
    );
    await agent.post(agentPaths.sync, { documents });
    // The platform judges behind the answer: what one caller is told must not be of before, and what the next is told of after.
    await judgeUnjudged(database.db);
    return {
      assetId: agent.assetId,
      agentId: agent.agentId,
      texts: [agent.assetId, agent.agentId, `"${name}"`, `of ${name}`, `user-of-${name}`],
    };
  }

  const dispose = async (): Promise<void> => {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  };
  return { database, server, manager, addAsset, [Symbol.asyncDispose]: dispose };
}

function pkg(name: string): FactRow {
  return { name, version: '1.0-1', architecture: 'amd64', source: name, sourceVersion: '1.0-1', state: 'installed' };
}
