/** One file of feed data, or the members of an archive that belong to a feed. */
export interface StarterSource {
  readonly feed: string;
  /** Below the folder of feed data. */
  readonly path: string;
  /** Of an archive: the end of the paths of the members to read. */
  readonly members?: string;
  /** What users see as origin: an official address, or the name of the data set. */
  readonly location: string;
  /** Date of the data, not of the reading. */
  readonly retrievedAt: string;
  readonly licence: string;
}

const tracker = 'https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data';
const trackerLicence = 'Debian security tracker, public data without a licence file; facts only';
const derived = 'rebuilt from the Debian_security mirror of the Debian security tracker';
const nvdLicence = 'Public domain (work of the US government)';

function nvdYear(name: string, retrievedAt: string): StarterSource {
  return {
    feed: 'nvd',
    path: `intel/nvd/nvdcve-1.1-${name}.json.gz`,
    location: `https://nvd.nist.gov/feeds/json/cve/1.1/nvdcve-1.1-${name}.json.gz`,
    retrievedAt,
    licence: nvdLicence,
  };
}

/** What the starter is made of, in the order of merging: a later word on a vulnerability wins. */
export const starterSources: readonly StarterSource[] = [
  ...(['DSA', 'DLA'] as const).flatMap((kind): StarterSource[] => [
    {
      feed: `debian-${kind.toLowerCase()}`,
      path: 'debian/security-tracker-lists-2025-02-13.tar.zst',
      members: `/${kind}.list`,
      location: `${tracker}/${kind}/list`,
      retrievedAt: '2025-02-13T00:00:00Z',
      licence: trackerLicence,
    },
    {
      feed: `debian-${kind.toLowerCase()}`,
      path: 'debian/derived-dsa-dla-since-2025-02-13.tar.zst',
      members: `/${kind}-since-2025-02-13.list`,
      location: `data/${kind}/list since 2025-02-13, ${derived}`,
      retrievedAt: '2026-08-22T00:00:00Z',
      licence: trackerLicence,
    },
  ]),
  {
    feed: 'debian-changelog',
    path: 'debian/package-changelogs-bookworm.tar.zst',
    members: '.changelog',
    location: 'debian/changelog files of Debian 12 packages',
    retrievedAt: '2026-11-20T00:00:00Z',
    licence: 'Licence of each package (free software); facts only',
  },
  {
    feed: 'cve-5',
    path: 'intel/cisa-vulnrichment-2024-10-24.tar.zst',
    members: '.json',
    location: 'https://github.com/cisagov/vulnrichment',
    retrievedAt: '2024-10-24T22:13:24Z',
    licence: 'CC0-1.0; CVE records: CVE Program terms of use',
  },
  nvdYear('2016', '2021-09-10T00:00:00Z'),
  nvdYear('2017', '2021-09-10T00:00:00Z'),
  nvdYear('2018', '2021-09-11T00:00:00Z'),
  nvdYear('2021', '2021-09-10T00:00:00Z'),
  nvdYear('2025', '2025-05-15T00:00:00Z'),
  nvdYear('recent', '2025-05-19T00:00:00Z'),
  {
    feed: 'epss',
    path: 'intel/epss_scores-2026-01-30.csv.gz',
    location: 'https://epss.empiricalsecurity.com/epss_scores-2026-01-30.csv.gz',
    retrievedAt: '2026-01-30T12:55:00Z',
    licence: 'EPSS by FIRST.org, free to use with attribution',
  },
  {
    feed: 'cisa-kev',
    path: 'intel/cisa_kev-2026-01-29.json',
    location: 'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json',
    retrievedAt: '2026-01-29T20:24:37Z',
    licence: 'CC0-1.0',
  },
];
