import type { Advisory, Affected } from '@vedette/protocol';
import type { Feed, FeedFacts, FeedFile, FeedSource, ParseOptions } from '../feed.ts';
import { childOf, descendants, xmlElements, type XmlElement } from '../shared/feed-xml.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { dayOf, isCveName, modifiedOn } from '../shared/identifiers.ts';
import { ratingOf } from '../shared/rating.ts';
import { locateUpdateinfo } from './locate-updateinfo.ts';
import { isDebugPackage, isRpmName, rpmVersion } from '../shared/rpm-package.ts';

const MiB = 1024 * 1024;

interface UpdateinfoVendor {
  readonly ecosystem: 'amazon' | 'fedora';
  /** Where the updates of each release are found, where that is known. */
  readonly sources: readonly FeedSource[];
  /** The release an update is for; null for one that is for something else. */
  readonly releaseOf: (id: string, release: string) => string | null;
}

/**
 * Amazon's updates by their name. ALAS2KERNEL-5.10-…, ALAS2DOCKER-… are for the Extras, which have packages of the same names in other
 * versions than the distribution: to compare one with the other would be wrong.
 */
const amazon: UpdateinfoVendor = {
  ecosystem: 'amazon',
  sources: [
    repository('2', 'https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list'),
    repository('2023', 'https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list'),
  ],
  releaseOf: (id) => {
    const [, release] = /^ALAS(2|2022|2023)?-\d{4}-\d{1,5}$/.exec(id) ?? [];
    if (release !== undefined) return release;
    return /^ALAS-\d{4}-\d{1,5}$/.test(id) ? '2018' : null;
  },
};

const fedora: UpdateinfoVendor = {
  ecosystem: 'fedora',
  sources: [],
  releaseOf: (_, release) => /^Fedora (\d{2,3})$/.exec(release)?.[1] ?? null,
};

/** The core repository of a release of Amazon Linux; its address has the hash of its content in it. */
function repository(release: string, mirrors: string): FeedSource {
  return {
    pattern: `amazon-${release}-updateinfo.xml.gz`,
    url: mirrors,
    release,
    locate: (ask) => locateUpdateinfo(mirrors, ask),
  };
}

type UpdateinfoSource = Pick<Feed, 'name' | 'describes' | 'home'> & { readonly vendor: UpdateinfoVendor };

/** Updates of a package repository (updateinfo.xml, as dnf reads it): what was fixed in which packages. */
function updateinfoFeed({ vendor, ...about }: UpdateinfoSource): Feed {
  return {
    ...about,
    files: [...vendor.sources, { pattern: `${vendor.ecosystem}*updateinfo.xml.gz`, url: null }],
    maxBytes: 512 * MiB,
    minimumRecords: 1,
    onDemand: true,
    ecosystems: [vendor.ecosystem],
    parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
      const run = new FeedRun(this, options);
      for (const file of run.over(files)) {
        for (const update of xmlElements(file, { maxBytes: this.maxBytes, root: 'updates', names: updates })) {
          run.records += 1;
          run.lines += 1;
          run.keep(advisoryOf(update, { feed: this.name, vendor, file, run }));
        }
      }
      return run.finish();
    },
  };
}

const updates: ReadonlySet<string> = new Set(['update']);

interface Reading {
  readonly feed: string;
  readonly vendor: UpdateinfoVendor;
  readonly file: FeedFile;
  readonly run: FeedRun;
}

function advisoryOf(update: XmlElement, { feed, vendor, file, run }: Reading): Advisory | null {
  const text = (name: string): string => childOf(update, name)?.text ?? '';
  const id = text('id');
  if (!/^[A-Z][A-Za-z0-9:._-]{3,63}$/.test(id)) {
    run.problem(file.name, run.records, 'an update without a name');
    return null;
  }
  const release = vendor.releaseOf(id, text('release'));
  // Fedora names CVEs in the titles of its bugs, Amazon by references of their own.
  const said = [...descendants(update, 'reference')].map((one) => `${one.attributes.get('id')} ${one.attributes.get('title')}`);
  const cves = [...new Set(said.flatMap((words) => words.slice(0, 2000).match(/CVE-\d{4}-\d{4,7}(?!\d)/g) ?? []))].filter(
    isCveName,
  );
  if (release === null || cves.length === 0) {
    run.leaveOut(release === null ? 'another product, or the Extras' : 'no vulnerability');
    return null;
  }
  const affected = affectedOf(update, { ecosystem: vendor.ecosystem, release, introduced: null, status: 'fixed' });
  if (!affected) {
    run.problem(file.name, run.records, 'an update without packages, or with a name or version that is none');
    return null;
  }
  const rating = ratingOf(text('severity'));
  return {
    id,
    feed,
    published: dayOf(childOf(update, 'issued')?.attributes.get('date') ?? ''),
    ...modifiedOn(childOf(update, 'updated')?.attributes.get('date')),
    vulnerabilities: cves,
    ...(rating ? { rating } : {}),
    affected,
  };
}

/** One statement for each package, version and module; null where there is none, or one that cannot be. */
function affectedOf(
  update: XmlElement,
  about: Pick<Affected, 'ecosystem' | 'release' | 'introduced' | 'status'>,
): Affected[] | null {
  const found = new Map<string, Affected>();
  for (const collection of descendants(update, 'collection')) {
    const module = childOf(collection, 'module')?.attributes;
    const stream = module ? { module: `${module.get('name')}:${module.get('stream')}` } : {};
    for (const one of descendants(collection, 'package')) {
      const attribute = (name: string): string => one.attributes.get(name) ?? '';
      const name = attribute('name');
      const fixed = rpmVersion(attribute('epoch'), `${attribute('version')}-${attribute('release')}`);
      if (attribute('arch') === 'src' || isDebugPackage(name)) continue;
      if (!isRpmName(name) || fixed === null) return null;
      found.set(`${name} ${fixed} ${stream.module ?? ''}`, { ...about, package: name, fixed, ...stream });
    }
  }
  return found.size > 0 ? [...found.values()] : null;
}

export const updateinfo: readonly Feed[] = [
  updateinfoFeed({
    name: 'amazon',
    describes: 'Amazon Linux 2 and 2023 updates (updateinfo.xml.gz of the core repository, named amazon-2-updateinfo.xml.gz).',
    home: 'https://cdn.amazonlinux.com/',
    vendor: amazon,
  }),
  updateinfoFeed({
    name: 'fedora',
    describes: 'Fedora updates (updateinfo.xml of the updates repository, named fedora-43-updateinfo.xml.gz).',
    home: 'https://dl.fedoraproject.org/pub/fedora/linux/updates/',
    vendor: fedora,
  }),
];
