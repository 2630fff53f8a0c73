import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiToken, deleteSavedQuery, listSavedQueries, saveQuery } from '@vedette/protocol';
import { PlatformProcess } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, connect } from '../api/connect.ts';
import { apply, exportAll } from '../commands/apply.ts';
import { profileCommands } from '../commands/profiles.ts';
import { CliError } from '../errors.ts';
import { runProgram } from '../testing/run-program.ts';

const production = `kind: Tag
name: production
spec:
  query: os:debian
  criticality: 5
---
kind: Tag
name: lab
spec: { description: may break }
`;

describe('vedette apply, on a platform', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-apply-'));
  const file = join(directory, 'tags.yaml');
  let platform: PlatformProcess;
  let client: Client;

  beforeAll(async () => {
    platform = await PlatformProcess.start();
    const { secret } = await platform.client.call(createApiToken, { body: { name: 'apply' } });
    client = connect(platform.url, { token: secret });
  }, 60_000);
  afterAll(async () => {
    await platform[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });
  beforeEach(() => writeFileSync(file, production));

  /** Of the last run, also where it failed. */
  const notes: string[] = [];

  async function applied(text: string, ...more: string[]): Promise<string> {
    writeFileSync(file, text);
    return run(['apply', '-f', file, ...more]);
  }

  async function run(words: string[], input = ''): Promise<string> {
    notes.length = 0;
    const { printed } = await runProgram([apply, exportAll, ...profileCommands], words, {
      client: () => client,
      note: (message) => void notes.push(message),
      input: async function* () {
        yield input;
      },
    });
    return printed;
  }

  it('shows a plan, carries it out once, and finds nothing to do afterwards', async () => {
    const plan = await run(['apply', '-f', file, '--dry-run']);
    expect(plan).toContain('+ Tag production\n    description: ""\n    query: "os:debian"\n    criticality: 5\n');
    expect(plan).toContain('2 to create, 0 to change, 0 to delete, 0 unchanged; nothing was changed');
    expect(await run(['export', '--kind', 'Tag'])).toBe('');
    expect(await run(['apply', '-f', file])).toContain('2 created, 0 changed, 0 deleted, 0 unchanged');
    expect(await run(['apply', '-f', file])).toBe('0 created, 0 changed, 0 deleted, 2 unchanged\n');
  });

  it('changes what differs, and takes away only what it is told to', async () => {
    await run(['apply', '-f', file]);
    writeFileSync(file, production.replace('5', '4').replace(/---[^]*/, ''));
    expect(await run(['apply', '-f', file])).toBe(
      '~ Tag production\n    criticality: 5 -> 4\n0 created, 1 changed, 0 deleted, 0 unchanged\n',
    );
    expect(await run(['apply', '-f', file, '--prune'])).toBe('- Tag lab\n0 created, 0 changed, 1 deleted, 1 unchanged\n');
  });

  it('exports what it takes itself', async () => {
    await run(['apply', '-f', file]);
    const exported = await run(['export']);
    expect(exported).toContain('kind: ReleaseRules');
    expect(await run(['apply', '-f', '-', '--prune'], exported)).toMatch(/^0 created, 0 changed, 0 deleted, \d unchanged\n$/);
  });

  it('makes, changes and takes away a role by its name', async () => {
    const text = 'kind: Role\nname: Web owners\nspec: { permissions: [detection:read, asset:read], scope: "hostname:web*" }\n';
    writeFileSync(file, text);
    expect(await run(['apply', '-f', file])).toContain('+ Role Web owners\n');
    writeFileSync(file, text.replace('detection:read, asset:read', 'asset:read, detection:read'));
    expect(await run(['apply', '-f', file])).toBe('0 created, 0 changed, 0 deleted, 1 unchanged\n');
    writeFileSync(file, text.replace('web*', 'www*'));
    expect(await run(['apply', '-f', file])).toContain('    scope: "hostname:web*" -> "hostname:www*"\n');
    writeFileSync(file, text.replace('Web owners', 'Others'));
    expect(await run(['apply', '-f', file, '--prune'])).toContain('- Role Web owners\n1 created, 0 changed, 1 deleted');
  });

  it('keeps profiles by their names, in any order of their priorities', async () => {
    const text = `kind: Profile
name: Databases
spec: { query: "tag:databases", priority: 20, settings: { cpuPercent: 3, blackout: ["mon-fri 08:00-18:00"] } }
---
kind: Profile
name: Everybody
spec: { settings: { checkInSeconds: 120 }, upgrades: { preventUpgrade: true } }
`;
    writeFileSync(file, text);
    expect(await run(['apply', '-f', file])).toContain('2 created, 0 changed, 0 deleted, 0 unchanged');
    expect(await run(['apply', '-f', '-'], await run(['export', '--kind', 'Profile']))).toContain('2 unchanged');
    writeFileSync(file, text.replace('cpuPercent: 3', 'cpuPercent: 2').replace('priority: 20', 'priority: 900'));
    expect(await run(['apply', '-f', file])).toContain(
      '    priority: 20 -> 900\n    settings: {"cpuPercent":3,"blackout":["mon-fri 08:00-18:00"]} -> {"cpuPercent":2,"blackout":["mon-fri 08:00-18:00"]}\n',
    );
    writeFileSync(file, text.replace(/---[^]*/, ''));
    expect(await run(['apply', '-f', file, '--prune'])).toContain('- Profile Everybody\n');
  });

  it('exports a profile that commands made, and shows what they would change first', async () => {
    const options = ['--query', 'hostname:x*', '--cpu-percent', '2.5', '--suspended', 'true', '--windows', 'sat,sun 22:00-04:00'];
    expect(await run(['profiles', 'create', 'By hand', ...options, '--dry-run'])).toContain(
      'for 0 assets, and change something on 0',
    );
    await run(['profiles', 'create', 'By hand', ...options]);
    await run(['profiles', 'change', 'By hand', '--unset', 'suspended', '--blackout', 'mon 01:00-02:00; 03:00-04:00']);
    const shown = await run(['profiles', 'show', 'By hand']);
    expect(shown).toContain(
      'priority 100, for hostname:x* (0 assets)\ncpuPercent 2.5, blackout mon 01:00-02:00; 03:00-04:00, windows sun,sat 22:00-04:00\n',
    );
    expect(await run(['export', '--kind', 'Profile'])).toContain('- 6\n        from: 22:00\n        minutes: 360\n');
    expect(await run(['profiles', 'order', 'By hand', 'Databases'])).toBe('By hand\nDatabases\n');
    expect(await run(['profiles', 'remove', 'By hand', '--dry-run'])).toContain('nothing was changed');
    expect(await run(['profiles', 'remove', 'By hand'])).toBe('The profile By hand is removed.\n');
    await expect(run(['profiles', 'show', 'By hand'])).rejects.toThrow('there is no profile "By hand"');
    await expect(run(['profiles', 'create', 'x', '--cpu-percent', '50'])).rejects.toThrow(
      'settings.cpuPercent: cpuPercent takes from 1 to 10',
    );
    await expect(run(['profiles', 'create', 'x', '--suspended', 'maybe'])).rejects.toThrow('settings.suspended');
    await expect(run(['profiles', 'create', 'x', '--windows', 'at night'])).rejects.toThrow('"at night" is no time');
  });

  /** What is there before, what is wanted, and what is said of it: nothing is changed. */
  it.each([
    [
      'a tag that asks for itself',
      '',
      tag('round', 'tag:round'),
      'Tag round: query: the tag would depend on itself: round → round',
    ],
    [
      'a circle of tags',
      '',
      `${tag('a1', 'x')}${tag('b1', 'tag:c1')}${tag('c1', 'tag:b1')}`,
      'Tag b1: query: the tag would depend on itself: b1 → c1 → b1',
    ],
    ['a circle with what is there', tag('a1', 'tag:b1'), tag('b1', 'tag:a1'), 'Tag b1: query: the tag would depend on itself'],
    ['two default profiles', '', `${profile('One')}${profile('Two')}`, 'Profile Two: One is the default'],
    ['another default profile', profile('One'), profile('Two'), 'Profile Two: One is the default'],
    [
      'a role that nobody makes',
      '',
      'kind: LoginRules\nspec: { secondFactorRoles: [manager, Nobody] }\n',
      'LoginRules default: there is no role "Nobody"',
    ],
  ])('refuses %s before anything is changed', async (_what, before, wanted, reason) => {
    if (before) await applied(before);
    const there = await run(['export']);
    await expect(applied(`${tag('first', 'x')}${wanted}`)).rejects.toThrow(`nothing was changed:\n${reason}`);
    await expect(applied(`${tag('first', 'x')}${wanted}`)).rejects.toMatchObject({ code: 'CONFIG' });
    expect(await run(['export'])).toBe(there);
  });

  const many = (count: number, one: (name: string) => string) => Array.from({ length: count }, (_, at) => one(`n${at}`)).join('');
  const query = (name: string) => `kind: SavedQuery\nname: ${name}\nspec: { about: asset, query: web }\n---\n`;
  it.each([
    ['tags', many(501, (name) => tag(name, 'x')), 'Tag: there may be at most 500 tags in an organization, and there would be 50'],
    ['profiles', many(101, (name) => profile(name, 'x')), 'Profile: there may be at most 100 profiles in an organization'],
    ['saved queries', many(201, query), 'SavedQuery: there may be at most 200 saved queries of one person, shared or not'],
  ])('refuses more %s than the platform takes before anything is changed', async (_what, wanted, reason) => {
    const there = await run(['export']);
    await expect(applied(wanted)).rejects.toMatchObject({ code: 'CONFIG', message: expect.stringContaining(reason) });
    expect(await run(['export'])).toBe(there);
  });

  it('counts what is there, and what is saved for oneself alone', async () => {
    for (let at = 0; at < 3; at += 1)
      await client.call(saveQuery, {
        body: { name: `own${at}`, about: 'asset', query: 'web', shared: false, onDashboard: false },
      });
    await expect(applied(many(198, query))).rejects.toThrow('there would be 20');
    // One that is there already counts once, and becomes one for everybody.
    expect(await applied(query('own0'), '--dry-run')).toContain('1 to create');
    for (const { savedQueryId, name } of (await client.call(listSavedQueries, {})).items)
      if (name.startsWith('own')) await client.call(deleteSavedQuery, { params: { savedQueryId } });
  });

  it('turns what tags ask for round, one after the other', async () => {
    await applied(`${tag('a1', 'tag:b1')}${tag('b1', 'hostname:x')}`);
    expect(await applied(`${tag('b1', 'tag:a1')}${tag('a1', 'hostname:y')}`)).toContain('0 created, 2 changed');
    // Through one that stays as it is.
    await applied(`${tag('a1', 'tag:b1')}${tag('b1', 'tag:c1')}${tag('c1', 'hostname:y')}`);
    expect(await applied(`${tag('c1', 'tag:b1')}${tag('b1', 'tag:a1')}${tag('a1', 'x')}`)).toContain('3 changed');
  });

  it('makes another profile the default, where the one before gives way', async () => {
    await applied(profile('One'));
    expect(await applied(`${profile('Two')}${profile('One', 'hostname:x')}`)).toContain('1 created, 1 changed');
    expect(await applied(profile('Three'), '--prune')).toContain('- Profile Two\n+ Profile Three');
  });

  it('tells beforehand of a tag in use, and takes it away together with what uses it', async () => {
    await applied(`${tag('a1', 'x')}${tag('b1', 'tag:a1')}${profile('One', 'tag:b1')}`);
    const refused = 'Tag b1 cannot be taken away: it is used by the profile One';
    await expect(applied(tag('c1', 'x'), '--prune')).rejects.toThrow(refused);
    await expect(applied(`${tag('c1', 'tag:a*')}${profile('Two', 'x')}`, '--prune')).rejects.toThrow('used by the tag c1');
    expect(await applied(`${tag('c1', 'x')}${profile('Two', 'x')}`, '--prune')).toMatch(
      /- Profile One\n(?:- Tag .*\n)*- Tag b1\n- Tag a1\n/,
    );
  });

  it('keeps login rules by the names of roles', async () => {
    const role = 'kind: Role\nname: Nightwatch\nspec: { permissions: [asset:read] }\n---\n';
    const rules = `${role}kind: LoginRules\nspec: { secondFactorRoles: [Nightwatch, auditor] }\n`;
    expect(await applied(rules)).toContain('1 created, 1 changed');
    expect(await applied(rules)).toBe('0 created, 0 changed, 0 deleted, 2 unchanged\n');
    expect(await run(['export', '--kind', 'LoginRules'])).toContain('- Nightwatch\n');
    await applied('kind: LoginRules\nspec: { secondFactorRoles: [] }\n');
  });

  it('warns of a tag that nobody knows', async () => {
    expect(await applied(profile('One', 'tag:productoin'))).toContain('tag:productoin');
    expect(notes).toEqual([`${file}: Profile One speaks of the tag productoin, which is on no asset and in no file`]);
  });

  it('says what was done and what was not when the platform refuses a step, and goes on from there', async () => {
    const wanted = `${tag('a2', 'x')}kind: SavedQuery\nname: q\nspec: { about: asset, query: web }\n---\n${profile('Last', 'x')}`;
    const all = client;
    const permissions = ['tag:read', 'tag:write', 'profile:read', 'profile:write'] as const;
    const { secret } = await all.call(createApiToken, { body: { name: 'some', permissions: [...permissions] } });
    client = connect(platform.url, { token: secret });
    await expect(applied(wanted)).rejects.toThrow('create SavedQuery q: ');
    expect(notes).toEqual(['done      + Tag a2', 'done      + Profile Last', 'not done  + SavedQuery q']);
    client = all;
    expect(await applied(wanted)).toContain('+ SavedQuery q\n    about: "asset"');
    expect(await applied(wanted)).toContain('0 created, 0 changed, 0 deleted, 3 unchanged');
  });

  it('whatever is written: does nothing the second time, and exports what it takes', async () => {
    await fc.assert(
      fc.asyncProperty(documents, async (wanted) => {
        const text = wanted.map((one) => JSON.stringify(one)).join('\n---\n');
        const counts = /^(\d+) created, (\d+) changed, (\d+) deleted, (\d+) unchanged$/m;
        const planned = await run(['apply', '-f', '-', '--prune', '--dry-run'], text).catch((error: unknown) => {
          if (error instanceof CliError && error.code === 'CONFIG') return null; // what cannot be is said by the plan
          throw error;
        });
        if (planned === null) return;
        const done = await run(['apply', '-f', '-', '--prune'], text);
        const lines = (printed: string) => printed.split('\n').slice(0, -2);
        expect(lines(done)).toEqual(lines(planned));
        const again = await run(['apply', '-f', '-', '--prune'], text);
        expect(counts.exec(again)?.slice(1, 4)).toEqual(['0', '0', '0']);
        const exported = await run(['apply', '-f', '-', '--prune'], await run(['export']));
        expect(counts.exec(exported)?.slice(1, 4)).toEqual(['0', '0', '0']);
      }),
      { numRuns: 10 },
    );
  }, 120_000);
});

function tag(name: string, query: string): string {
  return `kind: Tag\nname: ${name}\nspec: { query: "${query}" }\n---\n`;
}

/** Without a query the default. */
function profile(name: string, query?: string): string {
  return `kind: Profile\nname: ${name}\nspec: { ${query === undefined ? '' : `query: "${query}", `}settings: { checkInSeconds: 120 } }\n---\n`;
}

const names = ['a', 'b', 'c', 'd'];
const query = fc.oneof(
  fc.constantFrom('hostname:x', ' os:debian \n', 'release:(a or "b c")', 'software:(name:openssl version:<3)'),
  fc.constantFrom(...names, 'a*').map((name) => `not tag:${name}`),
);
const description = fc.string({ maxLength: 20 }).filter((text) => !text.includes('\0'));
const days = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 });
const window = fc.record({ days, from: fc.constantFrom('00:00', '23:59'), minutes: fc.integer({ min: 15, max: 600 }) });
const kindOf = (kind: string, spec: fc.Arbitrary<object>) =>
  fc.uniqueArray(fc.record({ name: fc.constantFrom(...names), spec, kind: fc.constant(kind) }), {
    selector: ({ name }) => name,
    maxLength: 4,
  });
const one = (kind: string, spec: fc.Arbitrary<object>) =>
  fc.array(fc.record({ kind: fc.constant(kind), spec }), { maxLength: 1 });
const some = { requiredKeys: [] };
const documents = fc
  .tuple(
    kindOf(
      'Tag',
      fc.record(
        { query, description, criticality: fc.integer({ min: 1, max: 5 }), exposure: fc.constantFrom('internal', null) },
        some,
      ),
    ),
    kindOf(
      'Role',
      fc.record(
        {
          permissions: fc.array(fc.constantFrom('asset:read', 'detection:read', 'tag:read'), { minLength: 1 }),
          describes: description,
          scope: query,
        },
        { requiredKeys: ['permissions'] },
      ),
    ),
    kindOf(
      'Profile',
      fc.record(
        {
          query,
          description,
          priority: fc.integer({ min: 1, max: 1000 }),
          settings: fc.record(
            {
              cpuPercent: fc.double({ min: 1, max: 10, noNaN: true }),
              suspended: fc.boolean(),
              blackout: fc.array(fc.constantFrom('fri,mon 08:00-18:00', '22:00-06:00'), { maxLength: 3 }),
            },
            some,
          ),
          upgrades: fc.record({ preventUpgrade: fc.boolean(), windows: fc.array(window, { maxLength: 2 }) }, some),
        },
        some,
      ),
    ),
    kindOf(
      'SavedQuery',
      fc.record({ about: fc.constant('asset'), query, onDashboard: fc.boolean() }, { requiredKeys: ['about', 'query'] }),
    ),
    one(
      'ReleaseRules',
      fc.record({
        rules: fc.array(fc.record({ tags: fc.array(fc.constantFrom(...names)), windows: fc.array(window) }, some), {
          maxLength: 2,
        }),
      }),
    ),
    one(
      'LoginRules',
      fc.record({ secondFactorRoles: fc.array(fc.constantFrom('manager', 'reader', ...names), { maxLength: 3 }) }),
    ),
    one('ExceptionRules', fc.record({ secondPerson: fc.boolean(), maxDays: fc.constantFrom(null, 30) })),
  )
  .map((kindsOfThem) => kindsOfThem.flat())
  .filter((all) => all.length > 0);
