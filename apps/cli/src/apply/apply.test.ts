import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiToken } from '@vedette/protocol';
import { PlatformProcess } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, connect } from '../api/connect.ts';
import type { Surroundings } from '../commands/command.ts';
import { apply, exportAll } from '../commands/apply.ts';
import { profileCommands } from '../commands/profiles.ts';
import { makeProgram } from '../program.ts';
import { readDocuments } from './read-documents.ts';

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

  async function run(words: string[], input = ''): Promise<string> {
    let printed = '';
    const surroundings: Surroundings = {
      environment: {},
      client: () => client,
      askSecret: async () => '',
      note: () => undefined,
      input: async function* () {
        yield input;
      },
      write: async () => undefined,
    };
    const commands = [apply, exportAll, ...profileCommands];
    await makeProgram(commands, surroundings, (text) => (printed += text)).parseAsync(['node', 'vedette', ...words]);
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

  it('says which step was refused', async () => {
    writeFileSync(file, 'kind: Tag\nname: round\nspec: { query: "tag:round" }\n');
    await expect(run(['apply', '-f', file])).rejects.toThrow('create Tag round: ');
  });
});

describe('readDocuments', () => {
  it.each([
    ['kind: Tga\nname: x', 'kind "Tga" is not one of Tag'],
    ['kind: Tag\nname: Über', 'name: lower-case'],
    ['kind: Tag\nname: x\nspec: { criticality: 9 }', 'Tag x: criticality'],
    ['kind: Tag\nname: x\nspec: { colour: red }', 'colour'],
    ['kind: Tag\nname: x\nspec: { query: "os:(" }', 'Tag x: query: cannot be understood'],
    ['kind: Tag\nname: x\n---\nkind: Tag\nname: x', 'file (document 2): Tag x stands in file already'],
    ['kind: Role\nname: x\nspec: { permissions: [everything] }', 'Role x: permissions'],
    ['kind: Profile\nname: x\nspec: { settings: { cpuPercent: 50 } }', 'cpuPercent takes from 1 to 10 % of one CPU'],
    ['kind: [', 'file: '],
    ['a text', 'file: '],
    ['kind: Tag\nname: x\nspecs: {}', 'specs'],
    ['a: &a [x]\nb: &b [*a,*a]\n'.repeat(1) + 'kind: Tag\nname: *a', 'file: '],
  ])('refuses %j', (text, message) => {
    expect(() => readDocuments([{ name: 'file', text }])).toThrow(message);
  });

  it('names all faults of all files at once', () => {
    const text = 'kind: Tag\nname: x\nspec: { criticality: 9 }';
    const files = ['a', 'b'].map((name) => ({ name, text: text.replace('x', name) }));
    expect(() => readDocuments(files)).toThrow(/a: Tag a: .*\nb: Tag b: /);
  });

  it('refuses a document that grows without end when its references are followed', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}*l${i}]`);
    const text = ['l0: &l0 [x]', ...levels].join('\n');
    expect(() => readDocuments([{ name: 'file', text }])).toThrow('file: ');
  });
});
