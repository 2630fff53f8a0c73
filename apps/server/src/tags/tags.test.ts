import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import type { ListedTag } from '@vedette/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { addMachine, call, caller, database, installFleetFixture, server } from '../testing/fleet-fixture.ts';
import type { TestCaller } from '../testing/people-world.ts';
import { testCaller } from '../testing/test-server.ts';

installFleetFixture({ syncDocument, throwAwayDatabase });

let stranger: TestCaller;
let reader: TestCaller;
const assets: string[] = [];

beforeAll(async () => {
  stranger = await testCaller(server);
  reader = await testCaller(server, { organizationId: caller.organizationId, role: 'reader' });
  for (const hostname of ['web-1', 'web-2', 'db-1']) assets.push((await addMachine(hostname)).assetId);
}, 60_000);

async function found(query: string, by = caller): Promise<unknown> {
  const { status, json } = await call('GET', `/assets?query=${encodeURIComponent(query)}`, undefined, by);
  if (status !== 200) return json.detail;
  return (json as unknown as { items: { hostname: string }[] }).items.map(({ hostname }) => hostname).toSorted();
}

async function listed(name: string): Promise<ListedTag | undefined> {
  const { json } = await call('GET', '/tags');
  return (json as unknown as { items: ListedTag[] }).items.find((tag) => tag.name === name);
}

describe('tags', () => {
  it('are assets that fit a query, assets marked by hand, and what asks for both', async () => {
    expect((await call('POST', '/tags/web', { query: 'hostname:web', exposure: 'internet' })).status).toBe(200);
    expect((await call('POST', `/assets/${assets[2]}/tags`, { add: ['crown', 'web'] })).json).toEqual({ tags: ['crown', 'web'] });
    expect(
      (await call('POST', '/tags/important', { query: 'tag:crown or (tag:web and hostname:1)', criticality: 5 })).status,
    ).toBe(200);
    expect(await found('tag:web')).toEqual(['db-1', 'web-1', 'web-2']);
    expect(await found('tag:important')).toEqual(['db-1', 'web-1']);
    expect(await found('not tag:important')).toEqual(['web-2']);
    expect(await found('tag:c*')).toEqual(['db-1']);
    expect(await found('tag:web', stranger)).toEqual([]);
    expect(await listed('web')).toMatchObject({ assets: 3, byHand: 1, isDefined: true, usedBy: ['the tag important'] });
    expect(await listed('crown')).toMatchObject({ assets: 1, isDefined: false, query: null });
  });

  it('of an asset are told with why they are there, to those who may see it', async () => {
    const tagsOf = (asset: string | undefined, by = caller) => call('GET', `/assets/${asset}/tags`, undefined, by);
    expect((await tagsOf(assets[2])).json['items']).toMatchObject([
      { name: 'crown', byHand: true, fits: false, query: null, criticality: null },
      { name: 'important', byHand: false, fits: true, query: 'tag:crown or (tag:web and hostname:1)', criticality: 5 },
      { name: 'web', byHand: true, fits: false, query: 'hostname:web', exposure: 'internet' },
    ]);
    expect((await tagsOf(assets[1])).json['items']).toMatchObject([{ name: 'web', byHand: false, fits: true }]);
    expect((await tagsOf(assets[2], stranger)).status).toBe(404);
    expect((await tagsOf('3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa')).status).toBe(404);
  });

  it.each([
    ['depends on itself', 'tag:web', 'the tag would depend on itself: crown → web → crown', 'tag:crown'],
    ['asks for what is found', 'detection:(kev:true)', 'detection speaks of what is found on an asset', null],
    ['asks for counts', 'critical:>0', 'critical speaks of what is found on an asset', null],
    ['cannot be understood', 'hostnam:x', 'did you mean hostname', null],
    ['looks at the past', 'asOf:2026-01-01', 'not as of a moment', null],
    ['is empty', ' ( ', 'missing', null],
  ])('whose query %s are refused', async (_what, query, reason, webNow) => {
    if (webNow) await call('POST', '/tags/web', { query: `hostname:web or ${webNow}`, exposure: 'internet' });
    const { status, json } = await call('POST', '/tags/crown', { query });
    expect([status, json.detail]).toEqual([400, expect.stringContaining(reason)]);
    if (webNow) await call('POST', '/tags/web', { query: 'hostname:web', exposure: 'internet' });
  });

  it('that lead to too many others are refused where they are asked for, not only where they are made', async () => {
    const meaning = { organizationId: stranger.organizationId, validFrom: server.clock.now, description: '', criticality: null };
    // Two that ask for each other, as two servers at once could never make them: what is asked ends all the same.
    await database.db
      .insertInto('tag')
      .values(
        ['a', 'b'].map((name, index) => ({
          ...meaning,
          name,
          exposure: null,
          changedBy: 'x',
          query: `tag:${index ? 'a' : 'b'}`,
        })),
      )
      .execute();
    expect(await found('tag:a', stranger)).toContain('more than 100 tags');
  });

  it('in use are not deleted; others are, also by hand', async () => {
    expect(await call('DELETE', '/tags/web')).toMatchObject({
      status: 409,
      json: { detail: 'The tag web is used by the tag important.' },
    });
    expect((await call('DELETE', '/tags/important')).status).toBe(200);
    expect((await call('DELETE', '/tags/web')).status).toBe(200);
    expect(await found('tag:web')).toEqual([]);
    expect((await call('DELETE', '/tags/web')).status).toBe(404);
  });

  it('keep what they meant before', async () => {
    await call('POST', '/tags/kept', { criticality: 2 });
    server.clock.now = new Date(server.clock.now.getTime() + 1000);
    await call('POST', '/tags/kept', { criticality: 4 });
    const rows = await database.db
      .selectFrom('tag')
      .select(['criticality', 'validUntil'])
      .where('name', '=', 'kept')
      .orderBy('number')
      .execute();
    expect(rows).toEqual([
      { criticality: 2, validUntil: server.clock.now },
      { criticality: 4, validUntil: null },
    ]);
  });

  it('are changed by those alone who may', async () => {
    expect((await call('POST', '/tags/x', {}, reader)).status).toBe(403);
    expect((await call('DELETE', '/tags/kept', undefined, reader)).status).toBe(403);
    expect((await call('GET', '/tags', undefined, reader)).status).toBe(200);
    expect((await call('POST', `/assets/${assets[0]}/tags`, { add: ['x'] }, stranger)).status).toBe(404);
    expect((await call('POST', '/tags/Not%20A%20Tag', {})).status).toBe(400);
  });
});
