import type { Exception, ExceptionState } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';
import { addMachine, call, caller, installFleetFixture, pass, server } from '../testing/fleet-fixture.ts';
import type { TestCaller } from '../testing/people-world.ts';
import { testCaller } from '../testing/test-server.ts';
import { debianPackage, learn } from '../testing/told-server.ts';

installFleetFixture({ syncDocument, throwAwayDatabase });

let approver: TestCaller;
let number = 0;
let id = '';

beforeAll(async () => {
  approver = await testCaller(server, { organizationId: caller.organizationId });
  await learn(server, '9.0-1', 'openssl', 'curl');
  await addMachine('web-1', debianPackage('openssl', '3.0-1'), debianPackage('curl', '7.0-1'));
  await judgeUnjudged(server.context.db);
  await call('POST', '/exception-rules', { secondPerson: true, maxDays: null });
}, 60_000);
beforeEach(() => {
  number += 1;
  id = `https://example.org/vex/${number}`;
});
afterEach(async () => {
  await server.context.db.deleteFrom('exceptionCheck').execute();
  await server.context.db.deleteFrom('exception').execute();
  await server.context.db.deleteFrom('vexDocument').execute();
});

interface Reply {
  readonly requested: Exception[];
  readonly wanted: { query: string; packageVersions: number }[];
  readonly unchanged: { exceptionId: string; query: string; state: ExceptionState }[];
  readonly replaced: { exceptionId: string; state: ExceptionState; why: string }[];
  readonly upheld: { exceptionId: string; query: string; state: ExceptionState; document: string | null }[];
  readonly skipped: { vulnerability: string; why: string }[];
}

const openssl = { vulnerability: 'CVE-2026-1000', status: 'not_affected', justification: 'component_not_present' };
const curl = { vulnerability: 'CVE-2026-1001', status: 'fixed' };

function document(version: number | null, statements: readonly object[], change: object = {}): object {
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': id,
    ...(version === null ? {} : { version }),
    ...change,
    statements,
  };
}

/** Imports, after making sure that the dry run says the same and does nothing. */
async function read(content: object, more: object = {}, by = caller): Promise<Reply> {
  const before = await count();
  const dry = (await call<Reply>('POST', '/exceptions/vex', { document: content, dryRun: true, ...more }, by)).json;
  expect([dry.requested, await count()]).toEqual([[], before]);
  const { status, json } = await call<Reply>('POST', '/exceptions/vex', { document: content, ...more }, by);
  expect([status, { ...json, requested: [] }]).toEqual([200, dry]);
  expect(await count()).toBe(before + json.requested.length);
  return json;
}

async function count(): Promise<number> {
  return (await call<{ total: number }>('GET', '/exceptions')).json.total;
}

async function stateOf({ exceptionId }: { exceptionId: string }): Promise<string> {
  return (await call<Exception>('GET', `/exceptions/${exceptionId}`)).json.state;
}

async function decide({ exceptionId }: { exceptionId: string }, decision: 'approved' | 'rejected'): Promise<void> {
  expect((await call('POST', `/exceptions/${exceptionId}/decision`, { decision }, approver)).status).toBe(200);
}

async function openNames(): Promise<string[]> {
  return (await call<{ items: { name: string }[] }>('GET', '/detections')).json.items.map(({ name }) => name).toSorted();
}

function only<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (!item || items.length !== 1) throw new Error(`${items.length} instead of one`);
  return item;
}

describe('a document that is imported again', () => {
  const outcomes: [ExceptionState, (one: Exception) => Promise<unknown>][] = [
    ['requested', () => Promise.resolve()],
    ['active', (one) => decide(one, 'approved')],
    ['rejected', (one) => decide(one, 'rejected')],
    ['ended', (one) => call('DELETE', `/exceptions/${one.exceptionId}`)],
  ];
  it.each(outcomes)('asks nobody for what is %s', async (state, become) => {
    const { exceptionId } = only((await read(document(1, [openssl]))).requested);
    await become(await call<Exception>('GET', `/exceptions/${exceptionId}`).then(({ json }) => json));
    const known = { exceptionId, query: 'name:"CVE-2026-1000"', state };
    const same = { requested: [], wanted: [], replaced: [], unchanged: [known] };
    expect(await read(document(1, [openssl]))).toMatchObject(same);
    // Neither does a newer version that says the same, nor what a program writes with a new id each time, or with none.
    expect(await read(document(2, [openssl]))).toMatchObject(same);
    expect(await read(document(1, [openssl], { '@id': `${id}/other` }))).toMatchObject(same);
    expect(await read(document(null, [openssl], { '@id': undefined }))).toMatchObject(same);
    expect(await stateOf({ exceptionId })).toBe(state);
  });

  it('asks anew for what its time is over', async () => {
    const first = only((await read(document(1, [openssl]), { expiresInDays: 1 })).requested);
    await decide(first, 'approved');
    pass(2 * 24 * 3600 * 1000);
    expect((await read(document(1, [openssl]))).requested).toMatchObject([{ state: 'requested' }]);
  });

  it('by two at once asks once', async () => {
    const ask = () => call<Reply>('POST', '/exceptions/vex', { document: document(1, [openssl, curl]) });
    const replies = await Promise.all([ask(), ask(), ask()]);
    expect(replies.map(({ json }) => json.requested.length).toSorted((a, b) => a - b)).toEqual([0, 0, 2]);
    expect(await count()).toBe(2);
  });

  it('for other assets asks for these', async () => {
    await read(document(1, [openssl]));
    expect(await read(document(1, [openssl]), { assets: 'hostname:web-1' })).toMatchObject({ unchanged: [], wanted: [{}] });
  });

  it('asks for the whole statement where a package version came, and what waited gives way', async () => {
    const narrow = only((await read(document(1, [openssl]))).requested);
    pass(1000);
    await addMachine(`new-${number}`, debianPackage('openssl', `3.${number}-7`));
    await judgeUnjudged(server.context.db);
    const again = await read(document(1, [openssl]));
    expect(again.wanted).toMatchObject([{ packageVersions: 2 }]);
    expect(again.replaced).toEqual([expect.objectContaining({ exceptionId: narrow.exceptionId, why: 'widened' })]);
    expect(await stateOf(narrow)).toBe('ended');
    expect(await read(document(1, [openssl]))).toMatchObject({ wanted: [], unchanged: [{ state: 'requested' }], replaced: [] });
  });
});

describe('a newer version of a document', () => {
  it('ends what it takes back, although it was approved, and asks anew when a later one says it again', async () => {
    const { requested } = await read(document(1, [openssl, curl]));
    for (const one of requested) await decide(one, 'approved');
    const before = await openNames();
    const [first] = requested;
    const second = await read(document(2, [curl]));
    expect(second).toMatchObject({
      requested: [],
      unchanged: [{ query: 'name:"CVE-2026-1001"', state: 'active' }],
      replaced: [{ exceptionId: first?.exceptionId, state: 'active', why: 'withdrawn' }],
    });
    expect(before).not.toContain('CVE-2026-1000');
    expect(await openNames()).toContain('CVE-2026-1000');
    expect((await read(document(3, [openssl, curl]))).requested).toMatchObject([
      { query: 'name:"CVE-2026-1000"', state: 'requested' },
    ]);
  });

  it.each([
    ['says that it is fixed', { ...openssl, status: 'fixed', justification: undefined }, 1],
    ['has another reason', { ...openssl, justification: 'vulnerable_code_not_present' }, 1],
    ['warns of it', { ...openssl, status: 'affected', justification: undefined, action_statement: 'update' }, 0],
  ])('that %s ends what was asked for, and asks for what it says', async (_what, statement, asked) => {
    const first = only((await read(document(1, [openssl]))).requested);
    await decide(first, 'approved');
    const second = await read(document(2, [statement]));
    expect(second.replaced).toMatchObject([{ exceptionId: first.exceptionId, why: 'changed' }]);
    expect(second.requested).toHaveLength(asked);
    expect(await openNames()).toContain('CVE-2026-1000');
  });

  it('that names other products ends what it names no more', async () => {
    const first = only((await read(document(1, [openssl]))).requested);
    const second = await read(document(2, [{ ...openssl, products: ['pkg:deb/debian/openssl@1.0-1'] }]));
    expect(second).toMatchObject({ requested: [], replaced: [{ exceptionId: first.exceptionId, why: 'withdrawn' }] });
  });

  it('with other words for the same leaves it as it was decided', async () => {
    const first = only((await read(document(1, [openssl]))).requested);
    await decide(first, 'approved');
    const second = await read(document(2, [{ ...openssl, impact_statement: 'said more clearly' }]));
    expect(second).toMatchObject({
      requested: [],
      replaced: [],
      unchanged: [{ exceptionId: first.exceptionId, state: 'active' }],
    });
  });

  it.each([
    ['by its number', { version: 2 }, { version: 1 }],
    ['by a number as text', { version: '12' }, { version: '9' }],
    ['by when it was updated', { last_updated: '2026-02-01T00:00:00Z' }, { last_updated: '2026-01-01T00:00:00Z' }],
    ['by its timestamp', { timestamp: '2026-02-01T00:00:00Z' }, { timestamp: '2026-01-01T00:00:00+01:00' }],
  ])('is known %s: the older one changes nothing any more', async (_how, newer, older) => {
    const first = only((await read(document(null, [openssl], newer))).requested);
    const late = await read(document(null, [curl], older));
    expect(late).toMatchObject({ requested: [], wanted: [], replaced: [], unchanged: [] });
    expect(late.skipped).toMatchObject([{ vulnerability: 'CVE-2026-1001', why: expect.stringContaining('a newer version') }]);
    expect(await stateOf(first)).toBe('requested');
  });

  it('of CycloneDX is known by serial number and version', async () => {
    const bom = (version: number, state: string) => ({
      bomFormat: 'CycloneDX',
      serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
      version,
      vulnerabilities: [{ id: 'CVE-2026-1000', analysis: { state, detail: 'so' } }],
    });
    const first = only((await read(bom(1, 'not_affected'))).requested);
    expect(await read(bom(1, 'not_affected'))).toMatchObject({ wanted: [], unchanged: [{ exceptionId: first.exceptionId }] });
    expect(await read(bom(2, 'resolved'))).toMatchObject({ replaced: [{ why: 'changed' }], requested: [{ status: 'fixed' }] });
    expect(await read(bom(1, 'not_affected'))).toMatchObject({
      wanted: [],
      skipped: [{ why: expect.stringContaining('version 2') }],
    });
  });

  it('takes nothing back that another document asked for, nor what a person did', async () => {
    const asked = { query: 'package:openssl', status: 'not_affected', justification: 'component_not_present', reason: 'looked' };
    const person = (await call<Exception>('POST', '/exceptions', asked)).json;
    const theirs = only((await read(document(1, [openssl], { '@id': `${id}/theirs` }))).requested);
    await read(document(1, [curl]));
    expect((await read(document(2, []))).replaced).toMatchObject([{ why: 'withdrawn' }]);
    expect([await stateOf(person), await stateOf(theirs)]).toEqual(['requested', 'requested']);
  });

  describe('that takes back what another document says, too,', () => {
    const theirs = (statements: readonly object[], version = 1, change: object = {}) =>
      document(version, statements, { '@id': `${id}/theirs`, ...change });

    it.each<[string, (one: Exception) => Promise<unknown>, ExceptionState]>([
      ['requested', () => Promise.resolve(), 'requested'],
      ['approved', (one) => decide(one, 'approved'), 'active'],
    ])('leaves it %s, as that of the other', async (_what, become, state) => {
      const first = only((await read(document(1, [openssl]))).requested);
      await become(first);
      await read(theirs([{ ...openssl, impact_statement: 'in their words' }]));
      pass(1000);
      const before = await openNames();
      const second = await read(document(2, []));
      expect(second).toMatchObject({
        replaced: [{ exceptionId: first.exceptionId, why: 'withdrawn' }],
        upheld: [{ exceptionId: first.exceptionId, query: 'name:"CVE-2026-1000"', state, document: `${id}/theirs` }],
        requested: [{ state, comment: 'in their words', requestedBy: first.requestedBy }],
        wanted: [],
      });
      expect(await openNames()).toEqual(before);
      // It is theirs from now on: they take it back.
      const last = await read(theirs([], 2));
      expect(last).toMatchObject({ replaced: [{ exceptionId: second.requested[0]?.exceptionId }], upheld: [], requested: [] });
      expect(await openNames()).toContain('CVE-2026-1000');
    });

    it('leaves it for no longer than it was approved for', async () => {
      await decide(only((await read(document(1, [openssl]), { expiresInDays: 1 })).requested), 'approved');
      await read(theirs([openssl]));
      await read(document(2, []));
      expect(await openNames()).not.toContain('CVE-2026-1000');
      pass(2 * 24 * 3600 * 1000);
      expect(await openNames()).toContain('CVE-2026-1000');
    });

    it('ends it where the other has taken it back, or says otherwise by now', async () => {
      for (const [at, later] of [[], [{ ...openssl, status: 'fixed', justification: undefined }]].entries()) {
        const name = { '@id': `${id}/${at}` };
        const first = only((await read(document(1, [openssl], name))).requested);
        await decide(first, 'approved');
        await read(theirs([openssl]));
        for (const one of (await read(theirs(later, 2))).requested) await decide(one, 'rejected');
        expect(await read(document(2, [], name))).toMatchObject({
          replaced: [{ exceptionId: first.exceptionId }],
          upheld: [],
          requested: [],
        });
        expect(await openNames()).toContain('CVE-2026-1000');
        await read(theirs([], 3));
      }
    });

    it('leaves once what several say, whether or not they have a name, and again when the next takes it back', async () => {
      await decide(only((await read(document(1, [openssl]))).requested), 'approved');
      await read(theirs([openssl]));
      for (const change of [{ '@id': undefined }, { '@id': undefined, status_notes: 'again' }])
        await read(document(null, [openssl], change));
      expect((await read(document(2, []))).requested).toMatchObject([{ state: 'active' }]);
      expect(await openNames()).not.toContain('CVE-2026-1000');
      await read(theirs([], 2));
      expect(await openNames()).not.toContain('CVE-2026-1000');
    });

    it('asks for nothing where the wider request for the same takes its place', async () => {
      await read(document(1, [openssl]));
      await read(theirs([openssl]));
      pass(1000);
      await addMachine(`wide-${number}`, debianPackage('openssl', `3.${number}-8`));
      await judgeUnjudged(server.context.db);
      const wide = await read(document(2, [openssl]));
      expect(wide).toMatchObject({ requested: [{}], replaced: [{ why: 'widened' }], upheld: [] });
      expect((await read(document(3, []))).upheld).toMatchObject([{ document: `${id}/theirs` }]);
    });

    it('does not approve for the other what it did not say', async () => {
      const named = { ...openssl, products: ['pkg:deb/debian/openssl@3.0-1'] };
      await addMachine(`other-${number}`, debianPackage('openssl', `3.${number}-9`));
      await judgeUnjudged(server.context.db);
      await decide(only((await read(document(1, [openssl]))).requested), 'approved');
      await read(theirs([named]));
      expect(await openNames()).not.toContain('CVE-2026-1000');
      const { requested } = await read(document(2, []));
      expect(requested).toMatchObject([{ state: 'active' }]);
      const { items } = (await call<{ items: { name: string; hostname: string }[] }>('GET', '/detections?limit=500')).json;
      const open = items.filter(({ name }) => name === 'CVE-2026-1000').map(({ hostname }) => hostname);
      expect(open).toContain(`other-${number}`);
      expect(open).not.toContain('web-1');
    });
  });

  it('of somebody who may see only some assets ends what he asked for alone', async () => {
    const unit = { organizationId: caller.organizationId, role: 'unit-manager', scope: 'hostname:web-1' };
    const [one, two] = [await testCaller(server, unit), await testCaller(server, unit)];
    const whole = only((await read(document(1, [openssl]))).requested);
    const own = only((await read(document(1, [openssl]), {}, one)).requested);
    expect((await read(document(2, []), {}, two)).replaced).toEqual([]);
    expect((await read(document(2, []), {}, one)).replaced).toMatchObject([{ exceptionId: own.exceptionId }]);
    expect([await stateOf(whole), await stateOf(own)]).toEqual(['requested', 'ended']);
  });
});

it('stands in the audit log with what was asked for and what ended', async () => {
  const first = only((await read(document(1, [openssl]))).requested);
  const second = await read(document(2, [{ ...openssl, status: 'fixed', justification: undefined }]));
  const { json } = await call<{ items: { action: string; detail: object }[] }>('GET', '/audit?search=importVex');
  expect(json.items[0]).toMatchObject({
    action: 'importVex',
    detail: { requested: [second.requested[0]?.exceptionId], replaced: [{ exceptionId: first.exceptionId, why: 'changed' }] },
  });
});
