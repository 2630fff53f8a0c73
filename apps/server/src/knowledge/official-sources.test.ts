import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { feeds } from '@vedette/feeds';
import type { Advisory } from '@vedette/protocol';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testServer, type TestServer } from '../testing/test-server.ts';
import { FeedParser } from './feed-parser.ts';
import { httpGet } from './http-get.ts';
import { refreshFeed } from './refresh-feed.ts';
import { loadInputs } from './stored-input.ts';

let database: ThrowAwayDatabase;
let server: TestServer;
let directory: string;
/** Plays every official host: its files by their addresses. */
let internet: Server;
let offered: Map<string, string | Buffer>;
let asked: string[];
let releases: Set<string>;

beforeEach(async () => {
  database = await throwAwayDatabase();
  directory = mkdtempSync(join(tmpdir(), 'vedette-official-'));
  server = await testServer(database, { dataDirectory: join(directory, 'data') });
  offered = new Map();
  releases = new Set();
  internet = createServer((request, response) => {
    const body = offered.get(decodeURIComponent(request.url ?? '').slice(1));
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => internet.listen(0, '127.0.0.1', resolve));
}, 60_000);
afterEach(async () => {
  internet.closeAllConnections();
  internet.close();
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

async function refresh(
  name: string,
  cves: readonly string[] = [],
): Promise<{ outcome: string; asked: string[]; advisories: readonly Advisory[] }> {
  const feed = feeds.find((one) => one.name === name);
  if (!feed) throw new Error(`no feed ${name}`);
  const dispatcher = new Agent();
  await using parser = new FeedParser();
  const { signal } = new AbortController();
  const { port } = internet.address() as AddressInfo;
  const get = httpGet(dispatcher, signal);
  asked = [];
  const surroundings = {
    get: (url: string, headers: Readonly<Record<string, string>>) => {
      asked.push(url);
      return get(`http://127.0.0.1:${port}/${encodeURIComponent(url)}`, headers);
    },
    now: () => 0,
    pause: async () => {},
    random: () => 0,
  };
  const from = {
    db: database.db,
    directory: join(directory, 'data/feeds'),
    mirror: null,
    at: server.clock.now,
    releases,
    surroundings,
  };
  try {
    const outcome = await refreshFeed(feed, {
      context: server.context,
      parser,
      cves: new Set(cves),
      signal,
      from,
      read: new Map(),
    });
    const [input] = await loadInputs(database.db, [name]);
    return { outcome, asked, advisories: input?.advisories ?? [] };
  } finally {
    await dispatcher.destroy();
  }
}

const days = (count: number): string => new Date(server.clock.now.getTime() - count * 24 * 3600_000).toISOString();

function vex(cve: string): string {
  const os = {
    name: 'BaseOS',
    product_id: 'BaseOS',
    product_identification_helper: { cpe: 'cpe:/o:redhat:enterprise_linux:9::baseos' },
  };
  const curl = { name: 'curl', product_id: 'curl', product_identification_helper: { purl: 'pkg:rpm/redhat/curl' } };
  return JSON.stringify({
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      publisher: { namespace: 'https://www.redhat.com' },
      tracking: { id: cve, initial_release_date: '2026-01-02T03:04:05Z' },
    },
    product_tree: {
      branches: [
        {
          category: 'vendor',
          name: 'x',
          branches: [os, curl].map((product) => ({ category: 'product_version', name: product.name, product })),
        },
      ],
      relationships: [
        {
          category: 'default_component_of',
          full_product_name: { name: 'curl in BaseOS', product_id: 'BaseOS:curl' },
          product_reference: 'curl',
          relates_to_product_reference: 'BaseOS',
        },
      ],
    },
    vulnerabilities: [{ cve, product_status: { under_investigation: ['BaseOS:curl'] } }],
  });
}

describe('documents of Red Hat', () => {
  const home = 'https://security.access.redhat.com/data/csaf/v2/vex/';
  it('are followed by their list of changes, from a month back on', async () => {
    const old = ['"2001/cve-2001-0001.json","2001-02-03T04:05:06+00:00"'];
    const lines = [`"2026/cve-2026-0001.json","${days(3)}"`, ...old];
    offered.set(`${home}changes.csv`, lines.map((line) => `${line}\n`).join(''));
    offered.set(`${home}2026/cve-2026-0001.json`, vex('CVE-2026-0001'));
    const first = await refresh('redhat-csaf-vex');
    expect(first).toMatchObject({ outcome: 'changed', asked: [`${home}changes.csv`, `${home}2026/cve-2026-0001.json`] });
    expect(first.advisories).toMatchObject([
      { id: 'redhat-csaf-vex:CVE-2026-0001', affected: [{ release: '9', package: 'curl', vendorState: 'undetermined' }] },
    ]);
    const newer = [`"2026/cve-2026-0002.json","${days(1)}"`, ...lines];
    offered.set(`${home}changes.csv`, newer.map((line) => `${line}\n`).join(''));
    offered.set(`${home}2026/cve-2026-0002.json`, vex('CVE-2026-0002'));
    const second = await refresh('redhat-csaf-vex');
    expect(second.asked).toEqual([`${home}changes.csv`, `${home}2026/cve-2026-0002.json`]);
    expect(second.advisories.map(({ id }) => id)).toEqual(['redhat-csaf-vex:CVE-2026-0001', 'redhat-csaf-vex:CVE-2026-0002']);
  });

  it('are refused where the list is none, and what was known stays', async () => {
    offered.set(`${home}changes.csv`, '<html>\nsign in\nto go on\nto the\nportal\n</html>\n');
    await expect(refresh('redhat-csaf-vex')).rejects.toThrow('no list of changes');
  });
});

describe('documents of SUSE', () => {
  it.each([
    ['suse-csaf', 'csaf', 'suse-su-2026_0001-1.json'],
    ['suse-csaf-vex', 'csaf-vex', 'cve-2026-0001.json'],
  ])('of %s are asked for at their folder', async (name, folder, path) => {
    const home = `https://ftp.suse.com/pub/projects/security/${folder}/`;
    offered.set(`${home}changes.csv`, `"${path}","${days(3)}"\n`);
    offered.set(`${home}${path}`, vex('CVE-2026-0001'));
    await expect(refresh(name)).rejects.toThrow('not a document of suse');
    expect(asked).toEqual([`${home}changes.csv`, `${home}${path}`]);
  });
});

describe('updates of Amazon', () => {
  const mirrors = 'https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list';
  const base = 'https://cdn.amazonlinux.com/al2023/core/guids/0a1b/x86_64';
  const repomd = (place: string): string =>
    `<repomd><data type="primary"><location href="repodata/1-primary.xml.gz"/></data><data type="updateinfo"><location href="${place}"/></data></repomd>`;
  const update =
    '<updates><update type="security"><id>ALAS2023-2026-001</id><issued date="2026-03-04 17:31"/><severity>important</severity><references><reference id="CVE-2026-0001"/></references><pkglist><collection short="x"><package name="curl" epoch="0" version="8" release="1.amzn2023" arch="x86_64"/></collection></pkglist></update></updates>';
  beforeEach(() => {
    offered.set(mirrors, `${base}/\n`);
    offered.set(`${base}/repodata/repomd.xml`, repomd('repodata/2-updateinfo.xml.gz'));
    offered.set(`${base}/repodata/2-updateinfo.xml.gz`, gzipSync(update));
  });

  it('are found by the list of mirrors of a release that the fleet has', async () => {
    releases.add('2023');
    const { asked: addresses, advisories } = await refresh('amazon');
    expect(addresses).toEqual([mirrors, `${base}/repodata/repomd.xml`, `${base}/repodata/2-updateinfo.xml.gz`]);
    expect(advisories).toMatchObject([
      { id: 'ALAS2023-2026-001', affected: [{ release: '2023', package: 'curl', fixed: '8-1.amzn2023' }] },
    ]);
  });

  it('of releases that the fleet does not have are left alone', async () => {
    expect(await refresh('amazon')).toMatchObject({ outcome: 'absent', asked: [] });
  });

  it.each([
    ['a mirror of another host', () => offered.set(mirrors, 'https://elsewhere.example/x\n'), 'names no repository'],
    [
      'a place outside the repository',
      () => offered.set(`${base}/repodata/repomd.xml`, repomd('../../x.xml.gz')),
      'names no updateinfo',
    ],
  ])('are not fetched from %s', async (_what, change, reason) => {
    releases.add('2023');
    change();
    await expect(refresh('amazon')).rejects.toThrow(reason);
  });
});

describe("Microsoft's updates", () => {
  const list = 'https://api.msrc.microsoft.com/cvrf/v3.0/updates';
  const month = 'https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/2026-Oct';
  const document =
    '<?xml version="1.0"?><cvrfdoc><DocumentTracking><InitialReleaseDate>2026-10-13T07:00:00</InitialReleaseDate></DocumentTracking><ProductTree><FullProductName ProductID="1">Windows Server 2022</FullProductName></ProductTree><Vulnerability><CVE>CVE-2026-0001</CVE><ProductStatuses><Status Type="Known Affected"><ProductID>1</ProductID></Status></ProductStatuses><Remediations><Remediation Type="Vendor Fix"><Description>5070001</Description><FixedBuild>10.0.20348.1</FixedBuild><ProductID>1</ProductID></Remediation></Remediations></Vulnerability></cvrfdoc>';
  it('are fetched a month at a time, and only from Microsoft', async () => {
    const value = [
      { ID: '2026-Oct', CurrentReleaseDate: '2026-10-14T07:00:00Z', CvrfUrl: month },
      {
        ID: '2026-Nov',
        CurrentReleaseDate: '2026-11-11T08:00:00Z',
        CvrfUrl: 'https://elsewhere.example/cvrf/v3.0/cvrf/2026-Nov',
      },
    ];
    offered.set(list, JSON.stringify({ value }));
    offered.set(month, document);
    const { asked: addresses, advisories } = await refresh('msrc');
    expect(addresses).toEqual([list, month]);
    expect(advisories).toMatchObject([
      { id: 'msrc:CVE-2026-0001', affected: [{ fixed: '10.0.20348.1', patches: ['KB5070001'] }] },
    ]);
  });
});

describe('NVD', () => {
  const folder = 'https://nvd.nist.gov/feeds/json/cve/2.0/';
  const year = (score: number): Buffer => {
    const cvssData = { version: '3.1', vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', baseScore: score };
    const cve = {
      id: 'CVE-2026-0001',
      published: '2026-01-02T00:00:00.000',
      metrics: { cvssMetricV31: [{ source: 'nvd@nist.gov', cvssData }] },
    };
    return gzipSync(JSON.stringify({ totalResults: 1, format: 'NVD_CVE', version: '2.0', vulnerabilities: [{ cve }] }));
  };
  const score = async (): Promise<number | undefined> => {
    const [input] = await loadInputs(database.db, ['nvd']);
    return input?.vulnerabilities[0]?.cvss[0]?.score;
  };

  it('is fetched by years once, then what changed in one file; a year to come need not be there', async () => {
    for (let one = 2002; one <= 2026; one += 1) offered.set(`${folder}nvdcve-2.0-${one}.json.gz`, year(5));
    offered.set(`${folder}nvdcve-2.0-modified.meta`, `lastModifiedDate:${days(2)}\n`);
    const first = await refresh('nvd', ['CVE-2026-0001']);
    expect(first).toMatchObject({ outcome: 'changed' });
    expect(first.asked).toContain(`${folder}nvdcve-2.0-2027.json.gz`);
    expect(await score()).toBe(5);
    offered.set(`${folder}nvdcve-2.0-modified.meta`, `lastModifiedDate:${days(1)}\n`);
    offered.set(`${folder}nvdcve-2.0-modified.json.gz`, year(9.8));
    const second = await refresh('nvd', ['CVE-2026-0001']);
    expect(second.asked).toEqual([`${folder}nvdcve-2.0-modified.meta`, `${folder}nvdcve-2.0-modified.json.gz`]);
    expect(await score()).toBe(9.8);
  });

  it('is refused whole where a year that must be there is missing', async () => {
    offered.set(`${folder}nvdcve-2.0-modified.meta`, `lastModifiedDate:${days(2)}\n`);
    await expect(refresh('nvd')).rejects.toThrow('2002');
  });
});

describe('OVAL packed with bzip2', () => {
  const oval = (platform: string, comment: string): string =>
    `<oval_definitions><definitions><definition id="oval:x:def:1" class="patch" version="1"><metadata><title>x</title><reference source="CVE" ref_id="CVE-2026-0001"/><reference source="elsa" ref_id="ELSA-2026-0001"/></metadata><criteria operator="AND"><criterion comment="${platform}" test_ref="none"/><criterion comment="${comment}" test_ref="1"/></criteria></definition></definitions><tests><rpminfo_test id="1" check="at least one"><object object_ref="o"/><state state_ref="s"/></rpminfo_test></tests><objects><rpminfo_object id="o"><name>curl</name></rpminfo_object></objects><states><rpminfo_state id="s"><evr datatype="evr_string" operation="less than">0:8-1.el9</evr></rpminfo_state></states></oval_definitions>`;
  const isInstalled = spawnSync('bzip2', ['--help']).error === undefined;

  it.runIf(isInstalled)("of Oracle is read from its vendor's address", async () => {
    const address = 'https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2';
    offered.set(
      address,
      execFileSync('bzip2', ['-c'], { input: oval('Oracle Linux 9 is installed', 'curl is earlier than 0:8-1.el9') }),
    );
    const { asked: addresses, advisories } = await refresh('oracle-oval');
    expect(addresses).toEqual([address]);
    expect(advisories).toMatchObject([{ affected: [{ ecosystem: 'oracle', release: '9', package: 'curl', fixed: '8-1.el9' }] }]);
  });

  it('of Ubuntu is asked for by the releases that the fleet has', async () => {
    releases.add('jammy');
    await expect(refresh('ubuntu-oval')).rejects.toThrow('com.ubuntu.jammy.cve.oval.xml.bz2');
    expect(asked).toEqual(['https://security-metadata.canonical.com/oval/com.ubuntu.jammy.cve.oval.xml.bz2']);
  });

  it('of Red Hat is never fetched, since nobody keeps it up to date', async () => {
    releases.add('9');
    expect(await refresh('redhat-oval')).toMatchObject({ outcome: 'absent', asked: [] });
  });
});
