import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Ecosystem } from '@vedette/ecosystems';
import { ecosystems } from '@vedette/ecosystems';
import { contradictedByDpkg, isDpkgHere } from './ask-dpkg.ts';
import { askPeer, isPeerHere, type Answer, type PeerCommand } from './ask-peer.ts';
import type { Spice, VersionClaim } from './claims.ts';

/** A program that other people trust to order versions. */
export interface Peer {
  readonly ecosystem: Ecosystem;
  /** How to get it on Debian. */
  readonly from: string;
  readonly spice: Spice;
  /** Where real versions lie below the feed data, and how to find them in the text; besides those of versions.txt. */
  readonly corpus?: { readonly archives: readonly string[]; readonly version: RegExp };
  /** Pairs that the peer itself brings into no order: others are not asked. */
  readonly isOrdered?: (a: string, b: string) => boolean;
  isHere(): boolean;
  ask(claims: readonly VersionClaim[], onAnswer: (answered: number) => void): Promise<Answer>;
}

const script = (name: string) => join(import.meta.dirname, 'peers', name);
const spice = (characters: string, pieces: string): Spice => ({ characters: characters.split(''), pieces: pieces.split(' ') });
const huge = '9'.repeat(30);

function byCommand(command: PeerCommand): Pick<Peer, 'isHere' | 'ask'> {
  return { isHere: () => isPeerHere(command), ask: (claims) => askPeer(command, claims) };
}

const npmSemver = '/usr/lib/node_modules/npm/node_modules/semver';
const askNpm = `const s=require(${JSON.stringify(npmSemver)});require('fs').readFileSync(0,'utf8').split('\\n').slice(0,-1).forEach(l=>{
  const [a,b]=l.split('\\t');console.log(s.valid(a)&&s.valid(b)?'<=>'[s.compare(a,b)+1]:'!')})`;

const isBranch = /^(dev-|(master|trunk|default)(@|$))/i;

/** Every peer, by the name it has on the command line. */
export const peers: Readonly<Record<string, Peer>> = {
  dpkg: {
    ecosystem: ecosystems.debian,
    from: 'dpkg',
    spice: spice('0011239azAZbe..++~~--:_', `~ +b1 +deb12u1 ~bpo12+1 -1 .0 0 00 ~rc1 ${huge} 1: a + .`),
    corpus: { archives: ['debian/security-archive-indexes-2026-11-20.tar.zst'], version: /^Version: (\S+)$/gm },
    isHere: isDpkgHere,
    async ask(claims, onAnswer) {
      return { contradicted: await contradictedByDpkg(claims, onAnswer), beyondPeer: 0 };
    },
  },
  rpm: {
    ecosystem: ecosystems.rpm,
    from: 'rpm',
    spice: spice('0011239azAZbe..++~~^^--:_%', `~ ^ ~rc1 ^git1 -1 .el9 .el9_4 0 00 ${huge} 1: : a - . + _`),
    corpus: { archives: ['almalinux/osv-database-2026-08-21.tar.zst'], version: /"fixed": ?"([^"\s]+)"/g },
    ...byCommand({ command: 'rpm', args: ['--eval', `%{lua:dofile("${script('rpm.lua')}")}`] }),
  },
  alpm: {
    ecosystem: ecosystems.alpm,
    from: 'libalpm13 python3',
    spice: spice('0011239azAZbe...++~--:_', `-1 -1.1 .r5.gabcdef 0 00 ${huge} 1: rc alpha .a + +24+g5 .1`),
    corpus: { archives: ['almalinux/osv-database-2026-08-21.tar.zst'], version: /"fixed": ?"([^"\s]+)"/g },
    // What ends in separators goes in circles: "a1" < "a.b" < "a." < "a1".
    isOrdered: (a, b) => ![a, b].some((version) => /(^|[^0-9A-Za-z])(-|$)/.test(version)),
    ...byCommand({ command: '/usr/bin/python3', args: [script('libalpm.py')] }),
  },
  kernel: {
    ecosystem: ecosystems.kernel,
    from: 'linux-base',
    spice: spice('001123956abrc..--+_~', '-rc1 -trunk -generic -amd64 -1 .0 + -rc -trunk-amd64 .el9_4.x86_64 ~bpo12'),
    // It also orders what no kernel calls itself.
    isOrdered: (a, b) => /^[0-9]/.test(a) && /^[0-9]/.test(b),
    ...byCommand({ command: 'perl', args: [script('linux-version.pl')] }),
  },
  maven: {
    ecosystem: ecosystems.maven,
    from: 'libmaven3-core-java default-jdk-headless',
    spice: spice(
      '00112391abmxz...--_',
      `-alpha-1 -SNAPSHOT .RELEASE .Final -rc1 -jre .0 -0 ga sp xyz m1 b2 .v2023 -1 ${huge} -beta cr2`,
    ),
    ...byCommand({
      command: 'java',
      args: ['-cp', '/usr/share/java/maven-artifact-3.x.jar:/usr/share/java/commons-lang3.jar', script('Maven.java')],
    }),
  },
  pypi: {
    ecosystem: ecosystems.pypi,
    from: 'python3-packaging',
    spice: spice('00112391abcrvV!...--_+', `.dev1 dev .post2 -1 rc1 a2 beta +local.1 +abc.2.x 1! .0 pre ${huge} .rev3 c1`),
    corpus: { archives: ['lang/pypa-advisory-database-2024-10-10.tar.zst'], version: /^ *- ['"]?([0-9][^'"\s:]*)['"]?$/gm },
    ...byCommand({ command: 'python3', args: [script('pep440.py')] }),
  },
  rubygems: {
    ecosystem: ecosystems.rubygems,
    from: 'ruby',
    spice: spice('00112391abAZ....--', `.pre .rc1 .beta.2 -java .0 .00 -1 ${huge} .a a1 .0.a`),
    corpus: { archives: ['lang/ruby-advisory-db-2026-08-22.tar.zst'], version: /[<>=~] ?v?([0-9][0-9A-Za-z.-]*)/g },
    ...byCommand({ command: 'ruby', args: [script('gem-version.rb')] }),
  },
  packagist: {
    ecosystem: ecosystems.packagist,
    from: 'php-composer-semver php-cli',
    spice: spice('00112391abvx*....--_+', '-dev -beta1 RC2 .x-dev -p1 -patch-2 -alpha.3 -stable @dev +build dev- .0 -pl3 a2'),
    // Composer gives branches no order among themselves, and PHP cuts numbers off at 2^63 - 1.
    isOrdered: (a, b) => !(isBranch.test(a) && isBranch.test(b)) && !/[0-9]{19}/.test(`${a} ${b}`),
    ...byCommand({ command: 'php', args: [script('composer.php')] }),
  },
  go: {
    ecosystem: ecosystems.go,
    from: 'golang-go golang-golang-x-mod-dev',
    spice: spice('00112391abAZ....--+', '-rc.1 -alpha +incompatible -0.20190101000000-abcdefabcdef .0 -pre.0 -1 -a.b.1 +build'),
    ...byCommand({
      command: 'go',
      args: ['run', script('semver.go')],
      environment: { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' },
    }),
  },
  npm: {
    ecosystem: ecosystems.semver,
    from: 'npm',
    spice: spice('00112391abAZ....--+', '-rc.1 -alpha +build.5 .0 -pre.0 -1 -a.b.1 -beta'),
    corpus: { archives: ['lang/nodejs-security-wg-vuln.tar.zst'], version: /[<>=]+ ?v?([0-9]+\.[0-9]+\.[0-9][0-9A-Za-z.+-]*)/g },
    isHere: () => existsSync(npmSemver),
    ask: (claims) => askPeer({ command: process.execPath, args: ['-e', askNpm] }, claims),
  },
};
