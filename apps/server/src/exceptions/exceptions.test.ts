import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import type { Exception, FactRow } from '@vedette/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';
import { addMachine, call, caller, installFleetFixture, pass, reportPackages, server } from '../testing/fleet-fixture.ts';
import type { TestCaller } from '../testing/people-world.ts';
import type { TestAgent } from '../testing/test-agent.ts';
import { testCaller } from '../testing/test-server.ts';
import { debianPackage, learn } from '../testing/told-server.ts';

installFleetFixture({ syncDocument, throwAwayDatabase });

const day = 24 * 3600 * 1000;
let other: TestCaller;
let reader: TestCaller;
let stranger: TestCaller;
const agents: TestAgent[] = [];
let sequence = 1;

beforeAll(async () => {
  stranger = await testCaller(server);
  other = await testCaller(server, { organizationId: caller.organizationId });
  reader = await testCaller(server, { organizationId: caller.organizationId, role: 'reader' });
  await learn(server, '9.0-1', 'openssl', 'curl');
  for (const hostname of ['web-1', 'web-2'])
    agents.push(await addMachine(hostname, debianPackage('openssl', '3.0-1'), debianPackage('curl', '7.0-1')));
  await judgeUnjudged(server.context.db);
}, 60_000);

async function install(agent: TestAgent | undefined, ...packages: FactRow[]): Promise<void> {
  sequence += 1;
  pass(1000);
  await reportPackages(agent, sequence, ...packages);
  await judgeUnjudged(server.context.db);
}

interface Listed {
  readonly total: number;
  readonly items: {
    readonly hostname: string;
    readonly name: string;
    readonly status: string;
    readonly exception: object | null;
  }[];
}

/** "host name" of each, after making sure that index and histories say the same. */
async function open(more = ''): Promise<string[]> {
  const { json } = await call<Listed>('GET', `/detections?limit=100${more}`);
  const { json: past } = await call<Listed>('GET', `/detections?limit=100&asOf=${server.clock.now.toISOString()}${more}`);
  const names = ({ items }: Listed) => items.map(({ hostname, name }) => `${hostname} ${name}`).toSorted();
  expect(names(past)).toEqual(names(json));
  return names(json);
}

async function except(change: object, by = caller): Promise<Exception> {
  const asked = { query: 'package:openssl', status: 'affected', reason: 'accepted', ...change };
  const { status, json } = await call<Exception>('POST', '/exceptions', asked, by);
  expect({ status, json }).toMatchObject({ status: 200 });
  return json;
}

const everything = ['web-1 CVE-2026-1000', 'web-1 CVE-2026-1001', 'web-2 CVE-2026-1000', 'web-2 CVE-2026-1001'];

describe('an exception', () => {
  it('takes what it covers out of lists, counts, dashboard and risk, and shows it to who asks', async () => {
    const before = await call<{ risk: number }>('GET', '/risk');
    const one = await except({ assets: 'hostname:web-1' });
    expect(one).toMatchObject({ state: 'active', checks: 1, covered: 1, names: ['CVE-2026-1000'] });
    expect(await open()).toEqual(everything.slice(1));
    expect(await open('&exception=only')).toEqual(['web-1 CVE-2026-1000']);
    expect(await open('&exception=with')).toEqual(everything);
    expect(await open('&query=exception:true')).toEqual(['web-1 CVE-2026-1000']);
    expect(await open(`&query=exceptionId:${one.exceptionId}`)).toEqual(['web-1 CVE-2026-1000']);
    expect(await open('&query=package:openssl')).toEqual(['web-2 CVE-2026-1000']);
    const { json } = await call<Listed>('GET', '/detections?exception=only');
    expect(json.items[0]?.exception).toMatchObject({ exceptionId: one.exceptionId, status: 'affected', reason: 'accepted' });
    expect((await call<{ openTotal: number }>('GET', '/dashboard')).json.openTotal).toBe(3);
    const assets = await call<{ items: { hostname: string; detections: { medium: number } }[] }>('GET', '/assets');
    const counts = new Map(assets.json.items.map(({ hostname, detections }) => [hostname, detections.medium]));
    expect([counts.get('web-1'), counts.get('web-2')]).toEqual([1, 2]);
    const shown = await call<{ asset: { detections: { medium: number } } }>('GET', `/assets/${agents[0]?.assetId}`);
    expect(shown.json.asset.detections.medium).toBe(1);
    expect((await call<{ risk: number }>('GET', '/risk')).json.risk).toBeLessThan(before.json.risk);
    expect((await call('DELETE', `/exceptions/${one.exceptionId}`)).status).toBe(200);
    expect(await open()).toEqual(everything);
  });

  it('is over when its time is, and was there before in views of the past', async () => {
    const asked = server.clock.now;
    pass(1000);
    const one = await except({ expiresInDays: 2 });
    pass(day);
    expect(await open()).toEqual(['web-1 CVE-2026-1001', 'web-2 CVE-2026-1001']);
    pass(2 * day);
    expect(await open()).toEqual(everything);
    expect((await call<Exception>('GET', `/exceptions/${one.exceptionId}`)).json).toMatchObject({
      state: 'expired',
      covered: null,
    });
    const at = async (moment: Date) => (await call<Listed>('GET', `/detections?asOf=${moment.toISOString()}`)).json.total;
    expect([await at(asked), await at(new Date(asked.getTime() + day))]).toEqual([4, 2]);
  });

  it('was given for a version: with another one the detection is back, unless it was given for any', async () => {
    const one = await except({});
    await install(agents[0], debianPackage('openssl', '3.1-1'), debianPackage('curl', '7.0-1'));
    expect(await open()).toEqual(everything.filter((name) => name !== 'web-2 CVE-2026-1000'));
    await call('DELETE', `/exceptions/${one.exceptionId}`);
    const any = await except({ anyVersion: true });
    await install(agents[0], debianPackage('openssl', '3.2-1'), debianPackage('curl', '7.0-1'));
    expect(await open()).toEqual(['web-1 CVE-2026-1001', 'web-2 CVE-2026-1001']);
    await call('DELETE', `/exceptions/${any.exceptionId}`);
  });

  it('that only says it is being looked into leaves the detection open', async () => {
    const one = await except({ status: 'under_investigation' });
    expect(await open()).toEqual(everything);
    const { json } = await call<Listed>('GET', '/detections');
    expect(json.items.filter(({ exception }) => exception !== null)).toHaveLength(2);
    await call('DELETE', `/exceptions/${one.exceptionId}`);
  });

  it('waits for a second person where the rules say so, and for no longer than they allow', async () => {
    await call('POST', '/exception-rules', { secondPerson: true, maxDays: 30 });
    const one = await except({ expiresInDays: 10 });
    expect(one.state).toBe('requested');
    expect(await open()).toEqual(everything);
    const decision = (by: TestCaller) =>
      call<Exception>('POST', `/exceptions/${one.exceptionId}/decision`, { decision: 'approved' }, by);
    expect((await decision(caller)).status).toBe(403);
    expect((await decision(reader)).status).toBe(403);
    expect((await decision(stranger)).status).toBe(404);
    expect((await decision(other)).json).toMatchObject({ state: 'active' });
    expect((await decision(other)).status).toBe(409);
    expect(await open()).toHaveLength(2);
    const tooLong = { query: 'package:curl', status: 'affected', reason: 'x', expiresInDays: 31 };
    expect((await call('POST', '/exceptions', tooLong)).status).toBe(400);
    await call('DELETE', `/exceptions/${one.exceptionId}`);
    await call('POST', '/exception-rules', { secondPerson: false, maxDays: null });
  });

  it.each([
    ['of assets in the wrong place', { query: 'asset:(hostname:web)' }, 'asset belongs to assets'],
    ['of a status', { query: 'status:new' }, 'status belongs to assets or to a moment'],
    ['of nothing that is there', { query: 'package:bash' }, 'nothing is found by it'],
    ['of what is found on assets', { query: 'severity:3', assets: 'critical:>0' }, 'speaks of what is found'],
    [
      'with a justification that does not fit',
      { query: 'severity:3', justification: 'component_not_present' },
      'says why something is not affected',
    ],
  ])('%s is refused', async (_what, change, reason) => {
    const { status, json } = await call<{ detail: string }>('POST', '/exceptions', {
      status: 'affected',
      reason: 'x',
      ...change,
    });
    expect([status, json.detail]).toEqual([400, expect.stringContaining(reason)]);
  });

  it.each([
    ['for longer than the rules allow', { expiresInDays: 31 }],
    ['justified although it is affected', { justification: 'component_not_present' }],
    ['without a reason', { reason: '' }],
    ['with a status that there is not', { status: 'ignored' }],
    ['for nothing that is found', { query: 'package:nothing' }],
    ['on assets that cannot be understood', { assets: 'hostnam:x' }],
  ])('%s is refused, also when it is only tried', async (_what, change) => {
    await call('POST', '/exception-rules', { secondPerson: false, maxDays: 30 });
    const asked = { query: 'package:openssl', status: 'affected', reason: 'accepted', ...change };
    const replies = await Promise.all([true, false].map((dryRun) => call('POST', '/exceptions', { ...asked, dryRun })));
    expect(replies.map(({ status }) => status)).toEqual([400, 400]);
    expect(replies[0]?.json).toEqual(replies[1]?.json);
    await call('POST', '/exception-rules', { secondPerson: false, maxDays: null });
  });

  it.each([
    [true, 'requested', null],
    [false, 'active', 2],
  ])('that is only tried says what it would be, and is not there: second person %s', async (secondPerson, state, covered) => {
    await call('POST', '/exception-rules', { secondPerson, maxDays: 30 });
    const before = await call<{ total: number }>('GET', '/exceptions');
    const tried = await except({ dryRun: true });
    expect(tried).toMatchObject({ state, covered, checks: 1, names: ['CVE-2026-1000'], requestedBy: expect.any(String) });
    expect(new Date(tried.expiresAt ?? 0).getTime()).toBe(server.clock.now.getTime() + 30 * day);
    expect((await call<{ total: number }>('GET', '/exceptions')).json.total).toBe(before.json.total);
    expect((await call('GET', `/exceptions/${tried.exceptionId}`)).status).toBe(404);
    expect(
      (await call('POST', '/exceptions', { query: 'package:openssl', status: 'affected', reason: 'x', dryRun: true }, reader))
        .status,
    ).toBe(403);
    await call('POST', '/exception-rules', { secondPerson: false, maxDays: null });
    expect(await open()).toEqual(everything);
  });

  it.each(['reason', 'comment'])('with a character that no text holds in its %s is refused', async (field) => {
    const asked = { query: 'package:openssl', status: 'affected', reason: 'accepted', [field]: 'a\0b' };
    expect((await call('POST', '/exceptions', asked)).status).toBe(400);
  });

  it('is not approved by whoever asked by way of the rules, and takes sight of detections to be looked at', async () => {
    await call('POST', '/exception-rules', { secondPerson: true, maxDays: null });
    const holding = async (...permissions: string[]): Promise<TestCaller> => {
      const role = await call<{ role: string }>('POST', '/roles', { name: permissions.join(' ').slice(0, 50), permissions });
      return testCaller(server, { organizationId: caller.organizationId, role: role.json.role });
    };
    const approver = await holding('asset:read', 'detection:read', 'exception:read', 'exception:write', 'exception:approve');
    const asked = { query: 'name:CVE-2026-1000', status: 'affected', reason: 'mine' };
    const own = (await call<Exception>('POST', '/exceptions', asked, approver)).json;
    const loosened = await call('POST', '/exception-rules', { secondPerson: false, maxDays: null }, approver);
    const decided = await call('POST', `/exceptions/${own.exceptionId}/decision`, { decision: 'approved' }, approver);
    expect([own.state, loosened.status, decided.status]).toEqual(['requested', 403, 403]);
    await call('POST', '/exception-rules', { secondPerson: false, maxDays: null });

    const blind = await holding('asset:read', 'exception:read', 'exception:write');
    const document = { '@context': 'https://openvex.dev/ns/v0.2.0', statements: [] };
    for (const [path, body] of [
      ['/exceptions/preview', { query: 'severity:>=1' }],
      ['/exceptions', { ...asked, dryRun: true }],
      ['/exceptions/vex', { document, dryRun: true }],
    ] as const)
      expect([path, (await call('POST', path, body, blind)).status]).toEqual([path, 403]);
  });

  it('is of its organization alone', async () => {
    const one = await except({});
    expect((await call('GET', `/exceptions/${one.exceptionId}`, undefined, stranger)).status).toBe(404);
    expect((await call<Listed>('GET', '/exceptions', undefined, stranger)).json.total).toBe(0);
    expect((await call('DELETE', `/exceptions/${one.exceptionId}`, undefined, stranger)).status).toBe(404);
    expect((await call('POST', '/exceptions', { query: 'severity:3', status: 'affected', reason: 'x' }, reader)).status).toBe(
      403,
    );
    await call('DELETE', `/exceptions/${one.exceptionId}`);
  });
});

describe('VEX', () => {
  it.each([
    ['openvex', 'vulnerable_code_not_in_execute_path'],
    ['cyclonedx', 'vulnerable_code_not_present'],
  ])('written as %s and read again asks for the same', async (format, justification) => {
    const one = await except({
      status: 'not_affected',
      justification,
      comment: 'never loaded',
    });
    const { json: document } = await call('GET', `/exceptions/vex?standard=${format}`);
    const schema = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(format === 'cyclonedx' ? await schema.validate(JSON.stringify(document)) : null).toBeNull();
    await call('DELETE', `/exceptions/${one.exceptionId}`);
    expect(await open()).toEqual(everything);
    const { json } = await call<{ requested: Exception[]; skipped: object[] }>('POST', '/exceptions/vex', { document });
    expect(json.skipped).toEqual([]);
    expect(json.requested).toMatchObject([
      {
        state: 'active',
        status: 'not_affected',
        justification,
        source: format,
        checks: 1,
      },
    ]);
    expect(await open()).toEqual(['web-1 CVE-2026-1001', 'web-2 CVE-2026-1001']);
    await call('DELETE', `/exceptions/${json.requested[0]?.exceptionId}`);
  });

  it('leaves out what holds for some assets alone, but for those it is asked for', async () => {
    const one = await except({ status: 'not_affected', justification: 'component_not_present', assets: 'hostname:web-1' });
    const statements = async (assets: string) =>
      (await call<{ statements: object[] }>('GET', `/exceptions/vex?assets=${encodeURIComponent(assets)}`)).json.statements;
    expect(await statements('')).toEqual([]);
    expect(await statements('hostname:web-2')).toEqual([]);
    expect(await statements('hostname:web-1')).toMatchObject([{ vulnerability: { name: 'CVE-2026-1000' } }]);
    await call('DELETE', `/exceptions/${one.exceptionId}`);
  });

  it('read to see what it would ask for asks for nothing', async () => {
    const document = {
      '@context': 'https://openvex.dev/ns/v0.2.0',
      statements: [
        { vulnerability: 'CVE-2026-1000', status: 'under_investigation', status_notes: 'we look' },
        { vulnerability: 'CVE-1999-0001', status: 'fixed' },
      ],
    };
    const before = await call<{ total: number }>('GET', '/exceptions');
    const { json } = await call('POST', '/exceptions/vex', { document, dryRun: true });
    expect(json).toMatchObject({
      requested: [],
      wanted: [
        { query: 'name:"CVE-2026-1000"', status: 'under_investigation', comment: 'we look', checks: 1, packageVersions: 2 },
      ],
      skipped: [{ vulnerability: 'CVE-1999-0001' }],
    });
    expect((await call<{ total: number }>('GET', '/exceptions')).json.total).toBe(before.json.total);
    expect((await call('POST', '/exceptions/vex', { document, assets: 'hostnam:x', dryRun: true })).status).toBe(400);
  });

  const openVex = (statement: object) => ({ '@context': 'https://openvex.dev/ns/v0.2.0', statements: [statement] });
  it.each([
    ['of an unknown flaw', openVex({ vulnerability: 'CVE-1999-0001', status: 'fixed' }), 'no check of that name'],
    [
      'of a product that is not here',
      openVex({ vulnerability: 'CVE-2026-1000', status: 'fixed', products: ['pkg:deb/debian/openssl@1.0-1'] }),
      'none of its products',
    ],
    [
      'of a product named otherwise',
      openVex({ vulnerability: 'CVE-2026-1000', status: 'fixed', products: ['%E0%A4%A', 'pkg:', ''] }),
      'none of its products',
    ],
    ['with no state', { bomFormat: 'CycloneDX', vulnerabilities: [{ id: 'CVE-2026-1000' }] }, 'states nothing that we know'],
  ])('%s leads to nothing, and says why', async (_what, document, why) => {
    const { json } = await call<{ requested: []; skipped: { why: string }[] }>('POST', '/exceptions/vex', { document });
    expect([json.requested, json.skipped[0]?.why]).toEqual([[], expect.stringContaining(why)]);
  });

  const about = { vulnerability: 'CVE-2026-1000' };
  const unjustified = { ...about, status: 'not_affected' };
  const cycloneDx = (analysis: object) => ({ bomFormat: 'CycloneDX', vulnerabilities: [{ id: 'CVE-2026-1000', analysis }] });
  it.each([
    ['OpenVEX', openVex(unjustified), 'statements[0] about CVE-2026-1000'],
    ['OpenVEX with an unknown justification', openVex({ ...unjustified, justification: 'trust_me' }), '"trust_me"'],
    ['OpenVEX with empty words', openVex({ ...unjustified, impact_statement: ' ', status_notes: 'so' }), 'statements[0]'],
    [
      'OpenVEX where it is about something else',
      {
        ...openVex({}),
        statements: [
          { ...about, status: 'fixed' },
          { ...unjustified, vulnerability: 'CVE-1999-0001' },
        ],
      },
      'statements[1] about CVE-1999-0001',
    ],
    ['CycloneDX', cycloneDx({ state: 'not_affected' }), 'vulnerabilities[0] about CVE-2026-1000'],
    ['CycloneDX with another justification', cycloneDx({ state: 'not_affected', justification: 'x' }), 'vulnerabilities[0]'],
  ])('that says not affected, and not why, is refused with the place of it: %s', async (_what, document, place) => {
    for (const dryRun of [true, false]) {
      const { status, json } = await call<{ detail: string }>('POST', '/exceptions/vex', { document, dryRun });
      expect([status, json.detail]).toEqual([400, expect.stringContaining(place)]);
      expect(json.detail).toContain('not_affected needs a justification');
    }
  });

  it.each([
    ['an impact statement', openVex({ ...unjustified, impact_statement: 'not called' }), null],
    ['a justification', openVex({ ...unjustified, justification: 'component_not_present' }), 'component_not_present'],
    ['a detail', cycloneDx({ state: 'not_affected', detail: 'not called' }), null],
    ['being none', cycloneDx({ state: 'false_positive' }), null],
  ])('that says not affected because of %s asks for an exception', async (_what, document, justification) => {
    const { json } = await call('POST', '/exceptions/vex', { document, dryRun: true });
    expect(json).toMatchObject({ skipped: [], wanted: [{ status: 'not_affected', justification }] });
  });

  it.each([
    ['OpenVEX', openVex({ ...about, status: 'affected', action_statement: 'update' })],
    ['CycloneDX', cycloneDx({ state: 'exploitable', detail: 'update' })],
  ])('that warns of something takes it out of nothing: %s', async (_what, document) => {
    const { json } = await call<{ requested: []; skipped: { why: string }[] }>('POST', '/exceptions/vex', { document });
    expect([json.requested, json.skipped[0]?.why]).toEqual([[], expect.stringContaining('it says that it is affected')]);
    expect(await open()).toEqual(everything);
  });

  it.each([
    ['affected', 0, []],
    ['fixed', 1, ['fixed']],
  ])('is believed by its latest statement, wherever that stands: %s', async (status, skipped, wanted) => {
    const later = { ...about, status, timestamp: '2026-02-01T00:00:00Z' };
    const earlier = { ...unjustified, impact_statement: 'we think', timestamp: '2026-01-01T00:00:00+02:00' };
    const document = {
      ...openVex({}),
      timestamp: '2025-01-01T00:00:00Z',
      statements: [later, earlier, { ...earlier, timestamp: 'x' }],
    };
    const { json } = await call<{ wanted: { status: string }[]; skipped: { why: string }[] }>('POST', '/exceptions/vex', {
      document,
      dryRun: true,
    });
    expect(json.wanted.map((one) => one.status)).toEqual(wanted);
    expect(json.skipped.filter(({ why }) => why.startsWith('a later statement'))).toHaveLength(2);
    expect(json.skipped).toHaveLength(3 - skipped);
  });

  it('with as many names as it may have is answered soon', async () => {
    const aliases = Array.from({ length: 50 }, (_, index) => `CVE-2026-${2000 + index}`);
    const statements = Array.from({ length: 500 }, (_, index) => ({
      vulnerability: { name: `CVE-2026-${1000 + index}`, aliases },
      status: 'fixed',
      status_notes: 'a\0b',
    }));
    const { status, json } = await call<{ wanted: object[]; skipped: object[] }>('POST', '/exceptions/vex', {
      document: { ...openVex({}), statements },
      dryRun: true,
    });
    expect([status, json.wanted.length, json.skipped.length]).toEqual([200, 2, 498]);
  });

  it('holds no longer than the rules allow, which it also says beforehand', async () => {
    await call('POST', '/exception-rules', { secondPerson: false, maxDays: 30 });
    const document = openVex({ ...about, status: 'fixed' });
    for (const dryRun of [true, false])
      expect((await call('POST', '/exceptions/vex', { document, expiresInDays: 31, dryRun })).status).toBe(400);
    await call('POST', '/exception-rules', { secondPerson: false, maxDays: null });
  });

  it.each([
    ['of no format', { hello: 1 }],
    [
      'with too many statements',
      openVex({}) && { ...openVex({}), statements: Array.from({ length: 501 }, () => ({ vulnerability: 'x', status: 'fixed' })) },
    ],
    ['with a hostile prototype', JSON.parse('{"__proto__": {"bomFormat": "CycloneDX"}}') as object],
  ])('%s is refused', async (_what, document) => {
    expect((await call('POST', '/exceptions/vex', { document })).status).toBe(400);
  });
});

describe('whoever may see only some assets', () => {
  const unit = (scope = 'hostname:web-1') =>
    testCaller(server, { organizationId: caller.organizationId, role: 'unit-manager', scope });
  const ask = (by: TestCaller, assets = '', query = 'package:openssl') =>
    call<Exception>('POST', '/exceptions', { query, assets, status: 'affected', reason: 'ours', anyVersion: true }, by);

  it('asks for exceptions that hold for these alone, once somebody else has approved', async () => {
    const by = await unit();
    const before = await open();
    const { status, json: one } = await ask(by);
    expect([status, one.state, one.assets]).toEqual([200, 'requested', '(hostname:web-1)']);
    expect(await open()).toEqual(before);
    expect((await call('POST', `/exceptions/${one.exceptionId}/decision`, { decision: 'approved' }, by)).status).toBe(403);
    expect((await call('POST', `/exceptions/${one.exceptionId}/decision`, { decision: 'approved' })).status).toBe(200);
    expect(await open()).toEqual(before.filter((name) => name !== 'web-1 CVE-2026-1000'));
    expect((await call('DELETE', `/exceptions/${one.exceptionId}`, undefined, by)).status).toBe(200);
    expect(await open()).toEqual(before);
  });

  it('also as a manager with a scope waits for somebody who may see all', async () => {
    const by = await testCaller(server, { organizationId: caller.organizationId, role: 'manager', scope: 'hostname:web-2' });
    const { json: one } = await ask(by, 'os:*');
    expect([one.state, one.assets]).toEqual(['requested', '(hostname:web-2) and (os:*)']);
    expect((await call('DELETE', `/exceptions/${one.exceptionId}`, undefined, by)).status).toBe(200);
  });

  it.each([
    'hostname:web-1) or (hostname:web-2',
    'hostname:"web-1',
    'hostname:web-1 or hostname:*)',
    '(hostname:web-2',
    'hostname:x\\',
  ])('gets no further by the assets %j', async (assets) => {
    const { status, json } = await ask(await unit(), assets, 'package:*');
    // Refused, or nothing is there for which it could be given.
    expect([status, json]).toMatchObject([400, {}]);
  });

  it('asks for nothing on other assets', async () => {
    expect((await ask(await unit(), 'hostname:web-2')).status).toBe(400);
    const { json: one } = await ask(await unit(), 'hostname:web-1 or hostname:web-2');
    expect([one.assets, one.covered]).toEqual(['(hostname:web-1) and (hostname:web-1 or hostname:web-2)', null]);
    await call('POST', `/exceptions/${one.exceptionId}/decision`, { decision: 'approved' });
    expect(await open()).toContain('web-2 CVE-2026-1000');
    await call('DELETE', `/exceptions/${one.exceptionId}`);
  });

  it('ends only what they asked for', async () => {
    const one = await except({});
    expect((await call('DELETE', `/exceptions/${one.exceptionId}`, undefined, await unit())).status).toBe(403);
    await call('DELETE', `/exceptions/${one.exceptionId}`);
  });
});

describe('a tag that an exception asks for', () => {
  it('is not deleted before the exception is over', async () => {
    await call('POST', '/tags/edge', { query: 'hostname:web-2' });
    const one = await except({ assets: 'tag:edge', reason: 'behind a proxy' });
    expect(await call('DELETE', '/tags/edge')).toMatchObject({
      status: 409,
      json: { detail: 'The tag edge is used by the exception “behind a proxy”.' },
    });
    expect((await call('DELETE', `/exceptions/${one.exceptionId}`)).status).toBe(200);
    expect((await call('DELETE', '/tags/edge')).status).toBe(200);
  });
});

describe('counts of the past', () => {
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, count) => all + count, 0);

  it('leave out what was excepted then, whatever is excepted now and was fixed since', async () => {
    const moments: Date[] = [];
    const mark = (): void => {
      pass(day / 2);
      moments.push(server.clock.now);
      pass(day / 2);
    };
    mark();
    const versioned = await except({ assets: 'hostname:web-1' });
    mark();
    // Another version: it is back, although what was there then is gone.
    await install(agents[0], debianPackage('openssl', '3.5-1'), debianPackage('curl', '7.0-1'));
    mark();
    const any = await except({ query: 'package:curl', anyVersion: true });
    mark();
    await install(agents[1], debianPackage('openssl', '3.0-1'), debianPackage('curl', '9.0-1'));
    mark();
    await call('DELETE', `/exceptions/${versioned.exceptionId}`);
    mark();
    const again = await except({});
    mark();
    const listed = await Promise.all(
      moments.map(async (at) => (await call<Listed>('GET', `/detections?asOf=${at.toISOString()}`)).json.total),
    );
    expect(listed).toEqual([4, 3, 4, 2, 2, 2, 0]);
    for (const [number, at] of moments.entries()) {
      const asOf = `asOf=${at.toISOString()}`;
      const counts = await call<{ detections: number }>('GET', `/detections/counts?groupBy=severity&${asOf}`);
      const assets = await call<{ items: { detections: Record<string, number> }[] }>('GET', `/assets?${asOf}`);
      const onAssets = assets.json.items.map(({ detections }) => sum(detections)).reduce((all, count) => all + count, 0);
      const asked = await call<{ total: number }>('GET', `/assets?query=medium:>0&${asOf}`);
      const hosts = new Set((await call<Listed>('GET', `/detections?${asOf}`)).json.items.map(({ hostname }) => hostname));
      expect([number, counts.json.detections, onAssets, asked.json.total]).toEqual([
        number,
        listed[number],
        listed[number],
        hosts.size,
      ]);
    }
    // Days end now; half a day ago is what a moment of ours was.
    pass(-day / 2);
    for (const path of ['/dashboard', '/trends?days=7']) {
      const { json } = await call<{ trend?: { open: Record<string, number> }[]; days?: { open: Record<string, number> }[] }>(
        'GET',
        path,
      );
      expect([path, (json.trend ?? json.days ?? []).slice(-7).map((one) => sum(one.open))]).toEqual([path, listed]);
    }
    pass(day / 2);
    for (const one of [any, again]) await call('DELETE', `/exceptions/${one.exceptionId}`);
  });
});
