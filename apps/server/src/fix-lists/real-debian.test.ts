import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { feeds } from '@vedette/feeds';
import { agentPaths } from '@vedette/protocol';
import { eventually, sharedArchive, syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { expect, it } from 'vitest';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, testServer } from '../testing/test-server.ts';

const files = sharedArchive('debian/security-tracker-lists-2025-02-13.tar.zst');
const isDebian = existsSync('/var/lib/dpkg/status') && existsSync('/usr/bin/dpkg-query');

interface Fixes {
  readonly items: { readonly source: string; readonly fixed: string }[];
}

/**
 * The packages of this machine, as if they had never been upgraded, and Debian's own lists of advisories. Held against the lists as text:
 * of each installed source package the highest version that a DSA names for bookworm, in dpkg's own order.
 */
it.runIf(files !== null && isDebian)(
  'the fix list of a real inventory is what the advisories name, as dpkg orders them',
  async () => {
    const lists = ((await files?.()) ?? []).filter(({ name }) => name === 'DSA.list');
    const texts = lists.map(({ bytes }) => new TextDecoder().decode(bytes));
    const rows = execFileSync('dpkg-query', ['-W', '-f=${Package}\t${Architecture}\t${source:Package}\n'], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([name = '', architecture = '', source = '']) => ({
        name,
        architecture,
        source,
        version: '0~0',
        sourceVersion: '0~0',
        state: 'installed',
      }));
    const expected = expectedFixes(texts.join('\n'), new Set(rows.map(({ source }) => source)));
    expect(expected.size).toBeGreaterThan(5);

    await using database = await throwAwayDatabase();
    await using server = await testServer(database);
    const dsa = feeds.find(({ name }) => name === 'debian-dsa');
    const { advisories } = dsa?.parse(
      texts.map((text) => ({ name: 'DSA.list', bytes: new TextEncoder().encode(text) })),
      { releases: new Set(['bookworm']), minimumRecords: 0 },
    ) ?? { advisories: [] };
    await importKnowledge(
      database.db,
      { advisories, vulnerabilities: [], origins: [] },
      { at: server.clock.now, starter: false },
    );
    const caller = await testCaller(server);
    const agent = new TestAgent(server);
    await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname: 'real' });
    const os = {
      id: 'debian',
      idLike: '',
      versionId: '12',
      codename: 'bookworm',
      prettyName: 'Debian 12',
      architecture: 'amd64',
      hostname: 'real',
    };
    await agent.post(agentPaths.sync, {
      documents: [
        syncDocument({ collector: 'os', sequence: 1, rows: [os] }),
        syncDocument({ collector: 'dpkg', sequence: 1, rows }),
      ],
    });
    // The platform judges what came by itself, perhaps at this moment.
    const items = await eventually('the fix list', 60_000, async () => {
      const reply = await server.app.inject({ url: `/api/v1/assets/${agent.assetId}/fixes`, headers: caller.headers });
      const found = reply.json<Fixes>().items;
      return found.length === expected.size ? found : null;
    });
    expect(new Map(items.map(({ source, fixed }) => [source, fixed]))).toEqual(expected);
  },
  120_000,
);

/** Lines such as "	[bookworm] - openssl 3.0.11-1~deb12u2" below an entry that names a CVE. */
function expectedFixes(text: string, installed: ReadonlySet<string>): Map<string, string> {
  const highest = new Map<string, string>();
  for (const [, source = '', fixed = ''] of text.matchAll(/^\t\[bookworm\] - (\S+) (\d\S*)/gm)) {
    if (!installed.has(source)) continue;
    const known = highest.get(source);
    if (known === undefined || isLower(known, fixed)) highest.set(source, fixed);
  }
  return new Map(highest);
}

function isLower(a: string, b: string): boolean {
  try {
    execFileSync('dpkg', ['--compare-versions', a, 'lt', b]);
    return true;
  } catch {
    return false;
  }
}
