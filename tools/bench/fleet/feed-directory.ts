import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { readStarter } from '@vedette/feeds';
import type { Advisory } from '@vedette/protocol';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Less is taken for a cut file. */
const leastEntries = 5600;

/**
 * Debian's list of advisories as an operator without network would lay it down: those of the starter knowledge base, and new ones as the
 * benchmark needs them. A refresh reads it as it reads the real one.
 */
export class FeedDirectory {
  readonly path: string;
  readonly #known: readonly Advisory[];
  readonly #sources: readonly string[];
  #fresh = 0;
  #shiftedDays = 0;
  #entries = '';

  constructor(path: string) {
    this.path = path;
    mkdirSync(path);
    const file = join(import.meta.dirname, '../../../content/knowledge/starter.json.zst');
    const { advisories } = readStarter(zstdDecompressSync(readFileSync(file)).toString('utf8'));
    this.#known = advisories.filter(({ feed }) => feed === 'debian-dsa');
    this.#sources = [...new Set(this.#known.flatMap(({ affected }) => affected.map((one) => one.package)))].toSorted();
    this.#write();
  }

  /** So many new checks, each on another source package of bookworm: every asset that has it is affected. Returns the names. */
  addChecks(count: number): string[] {
    const names = Array.from({ length: count }, (_, index) => `CVE-2026-${String(800_000 + this.#fresh + index)}`);
    this.#entries += names
      .map((name, index) => {
        const number = 90_000 + this.#fresh + index;
        const source = this.#sources[(this.#fresh + index) % this.#sources.length] ?? 'openssl';
        return `[20 Nov 2026] DSA-${number}-1 ${source} - security update\n\t{${name}}\n\t[bookworm] - ${source} 9999:1-1\n`;
      })
      .join('');
    this.#fresh += count;
    this.#write();
    return names;
  }

  /** Changes every advisory, so that all of them are judged again. */
  changeAll(): void {
    this.#shiftedDays += 1;
    this.#write();
  }

  #write(): void {
    const known = this.#known.map((advisory) => entryOf(advisory, this.#shiftedDays)).join('');
    // Entries of a release that nobody has fill the list up to what a whole one has.
    const rest = Array.from({ length: Math.max(0, leastEntries - this.#known.length) }, (_, index) => {
      return `[01 Jan 2001] DSA-${index + 1}-1 filler - security update\n\t[etch] - filler 1-${index + 1}\n`;
    });
    writeFileSync(join(this.path, 'DSA.list'), this.#entries + known + rest.join(''));
  }
}

function entryOf({ id, published, vulnerabilities, affected }: Advisory, shiftedDays: number): string {
  const date = new Date(Date.parse(published ?? '2020-01-01') - shiftedDays * 86_400_000);
  const day = `${String(date.getUTCDate()).padStart(2, '0')} ${months[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}`;
  const lines = affected.flatMap((one) => {
    const said = one.status === 'fixed' ? one.fixed : one.status === 'affected' ? '<unfixed>' : '<not-affected>';
    return said === null ? [] : [`\t[${one.release}] - ${one.package} ${said}\n`];
  });
  const names = vulnerabilities.length > 0 ? `\t{${vulnerabilities.join(' ')}}\n` : '';
  return `[${day}] ${id} ${affected[0]?.package ?? 'unknown'} - security update\n${names}${lines.join('')}`;
}
