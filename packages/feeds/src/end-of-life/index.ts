import { releaseOf } from '@vedette/ecosystems';
import { EcosystemName, type Lifecycle } from '@vedette/protocol';
import { z } from 'zod';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { checked } from '../shared/checked.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedJson, notThisFeed } from '../shared/feed-text.ts';
import { dayOf } from '../shared/identifiers.ts';

const MiB = 1024 * 1024;

const text = z.string().max(256);
/** A day, or whether it has come; other types count as nothing said. */
const Ending = z
  .union([z.string().max(64), z.boolean()])
  .nullish()
  .catch(undefined);

/** A release of a product, in the interface's first form (`eol`, `support` …) and in its v1 (`eolFrom`, `isEol` …). */
const Release = z.object({
  cycle: z.union([text, z.number()]).optional(),
  name: text.optional(),
  releaseDate: text.nullish().catch(undefined),
  lts: Ending,
  isLts: z.boolean().optional().catch(undefined),
  support: Ending,
  eol: Ending,
  extendedSupport: Ending,
  eoasFrom: Ending,
  isEoas: Ending,
  eolFrom: Ending,
  isEol: Ending,
  eoesFrom: Ending,
  isEoes: Ending,
});
type Release = z.infer<typeof Release>;

const releases = z.array(z.unknown()).max(10_000);
const Product = z.object({ name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/), releases });
const Products = z.object({ result: z.union([z.array(Product).max(10_000), Product]) });

/** The ID of os-release(5) that stands for a product, so that its releases are called as advisories call them. */
const osIds: ReadonlyMap<string, string> = new Map([
  ['debian', 'debian'],
  ['ubuntu', 'ubuntu'],
  ['alpine', 'alpine'],
  ['alpine-linux', 'alpine'],
  ['almalinux', 'almalinux'],
  ['rocky-linux', 'rocky'],
  ['rhel', 'rhel'],
  ['oracle-linux', 'ol'],
  ['fedora', 'fedora'],
  ['amazon-linux', 'amzn'],
  ['sles', 'sles'],
  ['opensuse', 'opensuse-leap'],
]);

/**
 * How long releases of products are looked after, as endoflife.date tells it: all products in one document (api/v1/products/full), one
 * product, or the list of one product in the older form (`endoflife-debian.json`, named after it).
 */
export const endOfLife: Feed = {
  name: 'end-of-life',
  describes: 'How long releases of operating systems and other products are looked after (endoflife.date).',
  files: [
    { pattern: 'endoflife.json', url: 'https://endoflife.date/api/v1/products/full' },
    { pattern: 'endoflife-*.json', url: null },
  ],
  maxBytes: 64 * MiB,
  minimumRecords: 1,
  onDemand: true,
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    const lifecycles = new Map<string, Lifecycle>();
    for (const file of run.over(files)) {
      for (const { name, releases: list } of productsIn(file, this.maxBytes)) {
        for (const [index, value] of list.entries()) {
          run.records += 1;
          run.lines += 1;
          const lifecycle = lifecycleOf(name, value);
          if (lifecycle) lifecycles.set(`${name} ${lifecycle.cycle}`, lifecycle);
          else run.problem(file.name, index + 1, `a release of ${name} that is none`);
        }
      }
    }
    return { ...run.finish(), lifecycles: [...lifecycles.values()] };
  },
};

function productsIn(file: FeedFile, maxBytes: number): readonly z.infer<typeof Product>[] {
  const document = feedJson(file, maxBytes);
  if (Array.isArray(document)) {
    const product = Product.safeParse({ name: /^endoflife-(.+)\.json$/.exec(file.name)?.[1], releases: document });
    if (product.success) return [product.data];
    throw notThisFeed(file, 'name of the file, or the whole', product.error);
  }
  const { result } = checked(file, Products, document);
  return Array.isArray(result) ? result : [result];
}

function lifecycleOf(product: string, value: unknown): Lifecycle | null {
  const parsed = Release.safeParse(value);
  const cycle = parsed.success ? String(parsed.data.name ?? parsed.data.cycle ?? '') : '';
  if (!parsed.success || !/^[A-Za-z0-9][\w.+ ()-]{0,63}$/.test(cycle)) return null;
  const { data } = parsed;
  const place = releaseOf({ id: osIds.get(product) ?? '', versionId: cycle, codename: '' });
  const ecosystem = EcosystemName.safeParse(place?.ecosystem);
  return {
    feed: 'end-of-life',
    product,
    cycle,
    ecosystem: ecosystem.success ? ecosystem.data : null,
    release: ecosystem.success ? (place?.release ?? null) : null,
    released: dayOf(data.releaseDate ?? ''),
    isLongTerm: data.isLts ?? (data.lts !== undefined && data.lts !== null && data.lts !== false),
    activeSupportEnds: endingOf(negated(data.support), data.eoasFrom, data.isEoas),
    securitySupportEnds: endingOf(data.eol, data.eolFrom, data.isEol),
    extendedSupportEnds: endingOf(
      data.extendedSupport === true ? false : data.extendedSupport || null,
      data.eoesFrom,
      data.isEoes,
    ),
  };
}

type Said = Release['eol'];

/** In the first form "support: true" says that it goes on; of extended support "false" says that there is none. */
function negated(said: Said): Said {
  return typeof said === 'boolean' ? !said : said;
}

/** A day before a yes or no; of each the first that is said. */
function endingOf(...said: readonly Said[]): Lifecycle['securitySupportEnds'] {
  const day = said.map((one) => (typeof one === 'string' ? dayOf(one) : null)).find((one) => one !== null);
  return day ?? said.find((one) => typeof one === 'boolean') ?? null;
}
