import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { constants, createZstdDecompress, gunzipSync, zstdCompressSync } from 'node:zlib';
import { type Feed, type FeedFile, feeds, mergeKnowledge, type StarterOrigin, writeStarter } from '@vedette/feeds';
import { limits, type KnowledgeInput } from '@vedette/protocol';
import { readTar } from '@vedette/cli';
import { type StarterSource, starterSources } from './starter-sources.ts';

const root = resolve(import.meta.dirname, '..');
const releases: ReadonlySet<string> = new Set(['buster', 'bullseye', 'bookworm', 'trixie']);

const help = `Makes the starter knowledge base out of feed data.

Usage: node tools/make-starter-knowledge.ts [--from DIR] [--out FILE] [--json]

  --from DIR   folder with the feed data (default: data in $VEDETTE_SHARED, else ../shared/data)
  --out FILE   what to write (default: content/knowledge/starter.json.zst)
  --json       print the figures as one JSON object
  --help       this text

Exit code 0: written; 2: wrong use, or feed data is missing; 1: anything else.
`;

/** Where feed data lies on a developer's machine. */
export function defaultFeedData(): string {
  return join(process.env['VEDETTE_SHARED'] ?? join(root, '../shared'), 'data');
}

export const defaultStarter = join(root, 'content/knowledge/starter.json.zst');

export interface StarterFigures {
  readonly bytes: number;
  readonly jsonChars: number;
  readonly advisories: number;
  readonly statements: number;
  readonly cves: number;
  readonly problems: number;
  /** Of the CVEs that an advisory or changelog names for bookworm. */
  readonly bookworm: { readonly cves: number; readonly withCvss: number; readonly withEpss: number; readonly inKev: number };
  readonly seconds: number;
}

/** Reads the feed data in `from`, writes the starter to `out`. The same data gives the same bytes. */
export async function makeStarter(from: string, out: string): Promise<StarterFigures> {
  const startedAt = performance.now();
  let knowledge: KnowledgeInput = { advisories: [], vulnerabilities: [], origins: [] };
  let problems = 0;
  const origins: StarterOrigin[] = [];
  // The lists of one feed are one input: their entries complete each other.
  for (const [name, sources] of Map.groupBy(starterSources, (source) => source.feed)) {
    const feed = feeds.find((one) => one.name === name) as Feed; // starterSources names feeds of the registry
    const cves = new Set(knowledge.advisories.flatMap((advisory) => advisory.vulnerabilities));
    const files: FeedFile[] = [];
    for (const source of sources) {
      const read = await readSource(from, source, name === 'cve-5' ? cves : null);
      origins.push({
        feed: name,
        location: source.location,
        retrievedAt: source.retrievedAt,
        sha256: read.sha256,
        licence: source.licence,
      });
      files.push(...read.files);
    }
    const facts = feed.parse(files, { cves, releases });
    problems += facts.problems.length;
    knowledge = mergeKnowledge([knowledge, { ...facts, origins: [] }]);
  }
  const madeAt = origins.map((origin) => origin.retrievedAt).reduce((a, b) => (a > b ? a : b));
  const json = writeStarter({ ...knowledge, origins, madeAt });
  const bytes = zstdCompressSync(json, {
    params: { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  await mkdir(dirname(out), { recursive: true });
  await writeFile(`${out}.new`, bytes);
  await rename(`${out}.new`, out);
  return {
    ...figuresOf(knowledge),
    problems,
    bytes: bytes.length,
    jsonChars: json.length,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** The files of a source. Of CVE records (44,000 of them) only the wanted ones are kept. */
async function readSource(
  from: string,
  source: StarterSource,
  cves: ReadonlySet<string> | null,
): Promise<{ files: FeedFile[]; sha256: string }> {
  const path = join(from, source.path);
  const packed = await readFile(path);
  const sha256 = createHash('sha256').update(packed).digest('hex');
  const ending = source.members;
  if (ending === undefined) {
    const bytes = path.endsWith('.gz') ? gunzipSync(packed, { maxOutputLength: limits.feedDocumentBytes }) : packed;
    return { files: [{ name: basename(path), bytes }], sha256 };
  }
  const unpacked = createReadStream(path).pipe(createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 27 } }));
  const files: FeedFile[] = [];
  for await (const member of readTar(unpacked, limits.feedFileBytes)) {
    const name = basename(member.path);
    if (!`/${member.path}`.endsWith(ending) || (cves && !cves.has(basename(name, '.json')))) continue;
    files.push({ name, bytes: Uint8Array.from(member.bytes) });
  }
  // A list is named by its own hash, so that users can compare it; many small files by that of their archive.
  const [only, ...others] = files;
  return { files, sha256: only && others.length === 0 ? createHash('sha256').update(only.bytes).digest('hex') : sha256 };
}

function figuresOf(knowledge: KnowledgeInput): Pick<StarterFigures, 'advisories' | 'statements' | 'cves' | 'bookworm'> {
  const ofBookworm = knowledge.advisories.filter((advisory) => advisory.affected.some((one) => one.release === 'bookworm'));
  const bookworm = new Set(ofBookworm.flatMap((advisory) => advisory.vulnerabilities));
  const facts = knowledge.vulnerabilities.filter((one) => bookworm.has(one.id));
  return {
    advisories: knowledge.advisories.length,
    statements: knowledge.advisories.reduce((sum, advisory) => sum + advisory.affected.length, 0),
    cves: new Set(knowledge.advisories.flatMap((advisory) => advisory.vulnerabilities)).size,
    bookworm: {
      cves: bookworm.size,
      withCvss: facts.filter((one) => one.cvss.length > 0).length,
      withEpss: facts.filter((one) => one.epss).length,
      inKev: facts.filter((one) => one.kevSince).length,
    },
  };
}

async function main(): Promise<number> {
  let options;
  try {
    options = parseArgs({
      options: {
        from: { type: 'string' },
        out: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`); // parseArgs throws TypeError only
    return 2;
  }
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const from = options.from ?? defaultFeedData();
  const missing = starterSources.find((source) => !existsSync(join(from, source.path)));
  if (missing) {
    process.stderr.write(`No feed data: ${missing.path} is not in ${from}. Give the folder with --from.\n`);
    return 2;
  }
  const out = options.out ?? defaultStarter;
  const figures = await makeStarter(from, out);
  const { bookworm } = figures;
  process.stdout.write(
    options.json
      ? `${JSON.stringify(figures)}\n`
      : `${out}: ${figures.bytes} bytes (${figures.jsonChars} as JSON), ${figures.advisories} advisories, ${figures.statements} statements, ${figures.cves} CVEs.\n` +
          `bookworm: ${bookworm.cves} CVEs, ${bookworm.withCvss} with CVSS, ${bookworm.withEpss} with EPSS, ${bookworm.inKev} known exploited. ${figures.seconds.toFixed(1)} s.\n`,
  );
  return 0;
}

if (import.meta.main) process.exitCode = await main();
