import { isRpmDatabase } from '@vedette/ecosystems';
import { decodeText } from './decode.ts';
import type { Extraction } from './extraction.ts';
import { extractGemspec } from './installed/gemspec.ts';
import { extractNpmPackage } from './installed/npm-package.ts';
import { extractPythonMetadata } from './installed/python-metadata.ts';
import { extractBunLock } from './lock/bun-lock.ts';
import { extractDotnetDeps, extractPackagesConfig, extractPackagesProps } from './lock/dotnet.ts';
import { extractGoMod, extractGoSum } from './lock/go-modules.ts';
import { extractComposerLock, extractNugetLock, extractPipfileLock } from './lock/json-locks.ts';
import { extractGemfileLock, extractGradleLock } from './lock/line-locks.ts';
import { extractMavenPom } from './lock/maven-pom.ts';
import { extractNpmLock } from './lock/npm-lock.ts';
import { extractMixLock, extractPubspecLock, extractSbtLock, extractSwiftResolved } from './lock/other-locks.ts';
import { extractPnpmLock } from './lock/pnpm-lock.ts';
import { extractRequirements } from './lock/requirements.ts';
import { extractCargoLock, extractPythonLock } from './lock/toml-locks.ts';
import { extractYarnLock } from './lock/yarn-lock.ts';
import { extractApkInstalled } from './os/apk-installed.ts';
import { extractDpkg } from './os/dpkg.ts';
import { extractRpmDatabase } from './os/rpm-database.ts';

import { extractCycloneDx } from './sbom/cyclonedx.ts';
import { extractCycloneDxXml } from './sbom/cyclonedx-xml.ts';
import { extractSpdxJson, extractSpdxTagValue } from './sbom/spdx.ts';

/** One kind of file that names packages. */
export interface Extractor {
  readonly name: string;
  readonly describes: string;
  /** Names of such files, looked for in a directory; none for files without a name of their own. */
  readonly fileNames: RegExp | null;
  /** Paths, below a root file system, of what one installed package says of itself; lock files leave it out. */
  readonly installedAs?: RegExp;
  /** Whether a file begins as one of this kind does; for files under another name. `start` is at most 4096 characters. */
  readonly begins: (start: string, content: Uint8Array) => boolean;
  /** Throws ExtractorError. */
  readonly extract: (content: Uint8Array) => Extraction;
}

const never = (): boolean => false;
/** npm's own lock files have no workspaces there. */
const isBunLock = (start: string): boolean => /"lockfileVersion": ?\d,\s*(?:"configVersion": ?\d,\s*)?"workspaces"/.test(start);

/** Every extractor; of several that know a file's beginning the first is taken. */
export const extractors: readonly Extractor[] = [
  {
    name: 'dpkg',
    describes: 'dpkg status file',
    fileNames: null,
    begins: (start) => /^Package: ?\S/m.test(start.slice(0, 1000)) && !/^SPDXVersion:/m.test(start),
    extract: (content) => extractDpkg(content, /^Status:/m.test(decodeText(content.subarray(0, 65_536))) ? 'status' : 'fragment'),
  },
  {
    name: 'apk',
    describes: 'installed database of apk',
    fileNames: null,
    begins: (start) => /^(C:Q1|P:)\S+$/m.test(start) && /^V:\S+$/m.test(start),
    extract: extractApkInstalled,
  },
  {
    name: 'rpm',
    describes: 'rpm database (ndb or Berkeley DB)',
    fileNames: null,
    begins: (_, content) => isRpmDatabase(content),
    extract: extractRpmDatabase,
  },
  {
    name: 'cyclonedx',
    describes: 'CycloneDX SBOM in JSON',
    fileNames: /^(bom|sbom)\.json$|\.cdx\.json$/i,
    begins: (start) => start.trimStart().startsWith('{') && start.includes('"CycloneDX"'),
    extract: extractCycloneDx,
  },
  {
    name: 'cyclonedx-xml',
    describes: 'CycloneDX SBOM in XML',
    fileNames: /^(bom|sbom)\.xml$|\.cdx\.xml$/i,
    begins: (start) => /<(?:\w+:)?bom[\s>]/.test(start) && start.includes('cyclonedx.org/schema/bom'),
    extract: extractCycloneDxXml,
  },
  {
    name: 'spdx',
    describes: 'SPDX 2 SBOM in JSON',
    fileNames: /\.spdx\.json$/i,
    begins: (start) => start.trimStart().startsWith('{') && /"(spdxVersion|SPDXID)"/.test(start),
    extract: extractSpdxJson,
  },
  {
    name: 'spdx-tag-value',
    describes: 'SPDX 2 SBOM as tag-value text',
    fileNames: /\.spdx$/i,
    begins: (start) => /^SPDXVersion: *SPDX-2/m.test(start),
    extract: extractSpdxTagValue,
  },
  {
    name: 'npm-lock',
    describes: 'package-lock.json or npm-shrinkwrap.json',
    fileNames: /^(package-lock|npm-shrinkwrap)\.json$/,
    begins: (start) => /^\s*\{/.test(start) && start.includes('"lockfileVersion"') && !isBunLock(start),
    extract: extractNpmLock,
  },
  {
    name: 'yarn-lock',
    describes: 'yarn.lock',
    fileNames: /^yarn\.lock$/,
    begins: (start) => /^# yarn lockfile v1|^__metadata:|^\S[^\n]*@[^\n]*:\r?\n {2}version /m.test(start),
    extract: extractYarnLock,
  },
  {
    name: 'pnpm-lock',
    describes: 'pnpm-lock.yaml',
    fileNames: /^pnpm-lock\.yaml$/,
    begins: (start) => /^lockfileVersion:/m.test(start),
    extract: extractPnpmLock,
  },
  {
    name: 'requirements',
    describes: 'requirements.txt with pinned versions',
    fileNames: /^requirements[\w.-]*\.txt$/i,
    begins: (start) => /^[A-Za-z0-9][\w.-]*(\[[\w, -]*\])? *==/m.test(start) && !start.trimStart().startsWith('{'),
    extract: extractRequirements,
  },
  {
    name: 'python-lock',
    describes: 'poetry.lock, uv.lock or pylock.toml',
    fileNames: /^(poetry|uv)\.lock$|^pylock(\.[\w-]+)?\.toml$/,
    begins: (start) => /@generated by Poetry|^python-versions =|^requires-python =/m.test(start),
    extract: extractPythonLock,
  },
  {
    name: 'pipfile-lock',
    describes: 'Pipfile.lock',
    fileNames: /^Pipfile\.lock$/,
    begins: (start) => start.includes('"pipfile-spec"'),
    extract: extractPipfileLock,
  },
  {
    name: 'go-mod',
    describes: 'go.mod',
    fileNames: /^go\.mod$/,
    begins: (start) => /^module \S+$/m.test(start),
    extract: extractGoMod,
  },
  {
    name: 'go-sum',
    describes: 'go.sum',
    fileNames: /^go\.sum$/,
    begins: (start) => /^\S+ v\S+ h1:\S+=$/m.test(start),
    extract: extractGoSum,
  },
  {
    name: 'cargo-lock',
    describes: 'Cargo.lock',
    fileNames: /^Cargo\.lock$/,
    begins: (start) => /@generated by Cargo|^\[\[package\]\]$/m.test(start),
    extract: extractCargoLock,
  },
  {
    name: 'gemfile-lock',
    describes: 'Gemfile.lock',
    fileNames: /^(Gemfile|gems)\.(lock|locked)$/,
    begins: (start) => /^(GEM|GIT|PATH)$/m.test(start),
    extract: extractGemfileLock,
  },
  {
    name: 'composer-lock',
    describes: 'composer.lock',
    fileNames: /^composer\.lock$/,
    begins: (start) => start.includes('"content-hash"') || start.includes('getcomposer.org'),
    extract: extractComposerLock,
  },
  {
    name: 'nuget-lock',
    describes: 'packages.lock.json of NuGet',
    fileNames: /^packages\.lock\.json$/,
    begins: (start) => start.trimStart().startsWith('{') && start.includes('"resolved"'),
    extract: extractNugetLock,
  },
  {
    name: 'maven-pom',
    describes: 'pom.xml, versions named in it',
    fileNames: /^pom\.xml$/,
    begins: (start) => /<project[\s>]/.test(start),
    extract: extractMavenPom,
  },
  {
    name: 'gradle-lock',
    describes: 'gradle.lockfile',
    fileNames: /^(gradle|buildscript-gradle)\.lockfile$/,
    begins: (start) => /^[\w.-]+:[\w.-]+:[\w.+-]+=\w/m.test(start),
    extract: extractGradleLock,
  },
  {
    name: 'bun-lock',
    describes: 'bun.lock',
    fileNames: /^bun\.lock$/,
    begins: isBunLock,
    extract: extractBunLock,
  },
  {
    name: 'dotnet-deps',
    describes: '.deps.json of a .NET program',
    fileNames: /\.deps\.json$/i,
    begins: (start) => start.includes('"runtimeTarget"'),
    extract: extractDotnetDeps,
  },
  {
    name: 'nuget-config',
    describes: 'packages.config of NuGet',
    fileNames: /^packages\.config$/i,
    begins: (start) => /<packages>\s*<package\s/.test(start),
    extract: extractPackagesConfig,
  },
  {
    name: 'nuget-props',
    describes: 'Directory.Packages.props of NuGet, versions named in it',
    fileNames: /^(directory\.)?packages\.props$/i,
    begins: (start) => /<Package(?:Version|Reference)\s/.test(start),
    extract: extractPackagesProps,
  },
  {
    name: 'composer-installed',
    describes: 'vendor/composer/installed.json',
    fileNames: /^installed\.json$/,
    begins: (start) => start.includes('"version_normalized"'),
    extract: extractComposerLock,
  },
  {
    name: 'pubspec-lock',
    describes: 'pubspec.lock of Dart',
    fileNames: /^pubspec\.lock$/,
    begins: (start) => start.startsWith('# Generated by pub'),
    extract: extractPubspecLock,
  },
  {
    name: 'mix-lock',
    describes: 'mix.lock of Elixir',
    fileNames: /^mix\.lock$/,
    begins: (start) => /^%\{\s*"/.test(start),
    extract: extractMixLock,
  },
  {
    name: 'swift-resolved',
    describes: 'Package.resolved of Swift',
    fileNames: /^Package\.resolved$/,
    begins: (start) => start.trimStart().startsWith('{') && /"pins" ?:/.test(start),
    extract: extractSwiftResolved,
  },
  {
    name: 'sbt-lock',
    describes: 'build.sbt.lock',
    fileNames: /\.sbt\.lock$/,
    begins: (start) => /^\s*\{\s*"lockVersion"/.test(start),
    extract: extractSbtLock,
  },
  {
    name: 'python-metadata',
    describes: 'METADATA or PKG-INFO of an installed Python package',
    fileNames: null,
    installedAs: /\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/,
    begins: (start) => /^Metadata-Version: ?\d/m.test(start),
    extract: extractPythonMetadata,
  },
  {
    name: 'gemspec',
    describes: 'specification of an installed gem',
    fileNames: null,
    installedAs: /(?:^|\/)specifications\/(?:default\/)?[^/]+\.gemspec$/,
    begins: (start) => start.includes('Gem::Specification.new'),
    extract: extractGemspec,
  },
  {
    name: 'npm-package',
    describes: 'package.json of an installed npm package',
    fileNames: null,
    // Debian keeps them in a folder of its own.
    installedAs: /(?:^|\/)(?:node_modules|usr\/(?:share|lib(?:\/[\w-]+)?)\/nodejs)\/(?:@[^/]+\/)?[^/@]+\/package\.json$/,
    begins: never,
    extract: extractNpmPackage,
  },
];

/** The extractor for a file: by its name, else by how it begins; null for a file of no kind known here. */
export function extractorFor(fileName: string, content: Uint8Array): Extractor | null {
  const named = extractors.find((one) => one.fileNames?.test(fileName));
  if (named) return named;
  const start = decodeText(content.subarray(0, 4096));
  return extractors.find((one) => one.begins(start, content)) ?? null;
}
