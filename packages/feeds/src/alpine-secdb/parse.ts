import { z } from 'zod';
import type { FeedFile } from '../feed.ts';
import { checked } from '../shared/checked.ts';
import type { FeedRun } from '../shared/feed-run.ts';
import { feedLines, notThisFeed } from '../shared/feed-text.ts';
import { feedJsonOrYaml } from '../shared/feed-yaml.ts';

/** What one package of a release says: the names of what a version fixed. Version `0`: the package was never affected. */
export interface SecFix {
  readonly release: string;
  readonly package: string;
  readonly version: string;
  /** As written: `CVE-2022-37434`, or several names of one thing: `CVE-2021-28687 XSA-368`. */
  readonly entries: readonly string[];
}

export interface SecdbForm {
  readonly maxBytes: number;
  /** Without releases: Wolfi, Chainguard. */
  readonly rolling: boolean;
}

const text = z.string().max(512);
/** In YAML a key without a value reads as an empty text. */
const nothing = z.literal('').transform(() => null);
const Secdb = z.object({
  /** Rolling distributions have none. */
  distroversion: text.default(''),
  packages: z
    .array(
      z.object({ pkg: z.object({ name: text, secfixes: z.record(text, z.array(text).max(20_000).nullable().or(nothing)) }) }),
    )
    .max(100_000)
    .nullable()
    .or(nothing),
});

/** A release as os-release writes it: `3.20`, `edge`; null for anything else. */
function releaseIn(words: string): string | null {
  return /(?:^|[/_-])(?:v?(3\.\d{1,2})|(edge))(?=$|[/_-])/.exec(words)?.slice(1).find(Boolean) ?? null;
}

/**
 * A security database: of Alpine one repository of one release, in JSON, formerly in YAML; of a rolling distribution all there is. Throws
 * FeedError.
 */
export function* parseSecdb(file: FeedFile, { maxBytes, rolling }: SecdbForm, run: FeedRun): Generator<SecFix> {
  const secdb = checked(file, Secdb, feedJsonOrYaml(file, maxBytes));
  const release = rolling ? '' : releaseIn(secdb.distroversion);
  if (release === null) throw notThisFeed(file, 'field distroversion');
  for (const { pkg } of secdb.packages ?? []) {
    for (const [version, entries] of Object.entries(pkg.secfixes)) {
      run.lines += 1;
      yield { release, package: pkg.name, version, entries: entries ?? [] };
    }
  }
}

/**
 * The `# secfixes:` comment of a build recipe, from which secdb is made. Of aports the folder is named after the package, and a
 * folder above names the release:
 *
 *     # secfixes:
 *     #   1.2.12-r2:
 *     #     - CVE-2022-37434
 *     #   0:
 *     #     - CVE-2023-45853
 */
export function* parseApkbuild(file: FeedFile, { maxBytes }: SecdbForm, run: FeedRun): Generator<SecFix> {
  const folders = (file.path ?? '').split('/').slice(0, -1);
  const release = releaseIn(folders.join('/'));
  const name = folders.at(-1);
  if (release === null || !name) {
    run.lines += 1;
    run.problem(file.name, 1, 'no folder above it names the package and the release');
    return;
  }
  let inside = false;
  let fix: { version: string; entries: string[] } | null = null;
  for (const line of feedLines(file, maxBytes)) {
    if (/^# ?secfixes:?\s*$/i.test(line.text)) inside = true;
    else if (inside && !line.text.startsWith('#')) inside = false;
    else if (inside) {
      const version = /^#\s+([^\s:]+):\s*$/.exec(line.text)?.[1];
      const entry = /^#\s+-\s+(\S.*)$/.exec(line.text)?.[1];
      if (version !== undefined) {
        if (fix) yield { release, package: name, ...fix };
        fix = { version, entries: [] };
        run.lines += 1;
      } else if (entry !== undefined && fix) fix.entries.push(entry.trim());
      // Some recipes forget the version above their first names; what follows is as good as ever.
      else if (entry !== undefined) run.leaveOut('names without a version');
      else if (line.text.trim() !== '#') {
        run.lines += 1;
        run.problem(file.name, line.number, `in the recipe of ${name}: not a version or a name of a vulnerability`);
      }
    }
  }
  if (fix) yield { release, package: name, ...fix };
}
