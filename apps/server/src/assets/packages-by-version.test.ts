import { agentPaths, type FactRow } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from '../testing/test-server.ts';

describe('packages of an asset by version', () => {
  let database: ThrowAwayDatabase;
  let server: TestServer;
  let caller: Awaited<ReturnType<typeof testCaller>>;
  let agent: TestAgent;
  const versions = ['1.9-1', '1:0.1-1', '1.10~rc1-1', '1.10-1', '1.9-1+b2', 'as it comes'];

  beforeAll(async () => {
    database = await throwAwayDatabase();
    server = await testServer(database);
    caller = await testCaller(server);
    agent = new TestAgent(server);
    await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname: 'web-01', machineId: 'web-01' });
    const rows: FactRow[] = versions.map((version, at) => {
      const name = `package-${at}`;
      return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
    });
    const release = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian GNU/Linux 12' };
    const os = syncDocument({
      collector: 'os',
      sequence: 1,
      rows: [{ ...release, hostname: 'web-01', architecture: 'amd64' }],
    });
    await agent.post(agentPaths.sync, { documents: [os, syncDocument({ collector: 'dpkg', sequence: 1, rows })] });
  }, 60_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  async function listed(rest: string): Promise<string[]> {
    const url = `/api/v1/assets/${agent.assetId}/facts/dpkg?${rest}`;
    const { items } = (await server.app.inject({ url, headers: caller.headers })).json<{ items: { version: string }[] }>();
    return items.map(({ version }) => version);
  }

  const inOrder = ['1.9-1', '1.9-1+b2', '1.10~rc1-1', '1.10-1', '1:0.1-1'];
  const none = 'as it comes';

  it.each(['version', 'sourceVersion'])('come in the order of their ecosystem by %s, what is no version last', async (sort) => {
    expect(await listed(`sort=${sort}`)).toEqual([...inOrder, none]);
    expect(await listed(`sort=${sort}&direction=descending`)).toEqual([...inOrder.toReversed(), none]);
    expect(await listed(`sort=${sort}&limit=2&offset=2`)).toEqual(inOrder.slice(2, 4));
    expect(await listed(`sort=${sort}&search=1.10`)).toEqual(['1.10~rc1-1', '1.10-1']);
  });

  it('of a whole fleet come in the order of their ecosystem too, in pages of any size', async () => {
    for (const [direction, expected] of [
      ['ascending', [...inOrder, none]],
      ['descending', [none, ...inOrder.toReversed()]],
    ] as const) {
      for (const limit of [1, 4, 100]) {
        const found: string[] = [];
        for (let after: string | null = ''; after !== null;) {
          const url = `/api/v1/software?sort=version&direction=${direction}&limit=${limit}${after && `&after=${after}`}`;
          const reply = await server.app.inject({ url, headers: caller.headers });
          const page: { items: { version: string }[]; next: string | null } = reply.json();
          found.push(...page.items.map(({ version }) => version));
          after = page.next;
        }
        expect([direction, limit, found]).toEqual([direction, limit, expected]);
      }
    }
  });
});
