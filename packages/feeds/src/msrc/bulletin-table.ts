import type { FeedFile } from '../feed.ts';
import { feedLines, type Line, notThisFeed, truncated } from '../shared/feed-text.ts';
import type { Bulletin, Fix } from './bulletin.ts';

const columns =
  '"DatePosted","CVE","BulletinKB","Title","AffectedProduct","AffectedComponent","Severity","Impact","Supersedes","Exploits"';
const columnCount = 10;
const maxRowChars = 64 * 1024;

/** A bulletin of the table, with the day of its first row: `20240109`. */
export interface DatedBulletin extends Bulletin {
  readonly posted: string;
}

/** What is gathered of one CVE: severities, and by patch the products it is for; '' for products without a patch. */
interface Gathered {
  readonly posted: string;
  readonly severities: Set<string>;
  readonly products: Map<string, string[]>;
}

interface TableReading {
  /** Rows about other CVEs are passed over. */
  readonly wants: (cve: string) => boolean;
  /** Hears of rows that are none. */
  readonly problem: (line: number) => void;
}

/**
 * The bulletin data of all years as one table of comma-separated values (RFC 4180), a row for each CVE, product and patch. It names no
 * builds. Throws FeedError.
 */
export function readBulletinTable(file: FeedFile, maxBytes: number, reading: TableReading): DatedBulletin[] {
  const gathered = new Map<string, Gathered>();
  const texts = new Map<string, string>();
  // One text for all rows that have it, and a copy: as a part of a row it would keep the whole piece of the file in memory.
  const shared = (text: string): string => {
    const known = texts.get(text) ?? (JSON.parse(JSON.stringify(text)) as string); // a text stays one
    texts.set(known, known);
    return known;
  };
  for (const { number, text } of rowsOf(file, maxBytes)) {
    if (number === 1) {
      if (text.replace('\uFEFF', '') !== columns) throw notThisFeed(file, 'line 1');
      continue;
    }
    const cells = cellsOf(text);
    if (!cells) {
      reading.problem(number);
      continue;
    }
    const [posted = '', cve = '', kb = '', , product = '', , severity = ''] = cells;
    if (!reading.wants(cve)) continue;
    const one: Gathered = gathered.get(cve) ?? { posted: shared(posted), severities: new Set(), products: new Map() };
    gathered.set(shared(cve), one);
    one.severities.add(shared(severity));
    const known = one.products.get(kb);
    if (known) known.push(shared(product));
    else one.products.set(shared(kb), [shared(product)]);
  }
  return [...gathered].map(([cve, { posted, severities, products }]) => ({
    posted,
    cve,
    severities: [...severities],
    scores: [],
    affected: [],
    fixes: [...products].map(([kb, names]): Fix => ({ kb, build: '', products: names })),
  }));
}

/** A cell may go over several lines; then an odd number of quotation marks stands in the lines so far. */
function* rowsOf(file: FeedFile, maxBytes: number): Generator<Line> {
  let open: Line | null = null;
  for (const line of feedLines(file, maxBytes)) {
    const row: Line = open ? { number: open.number, text: `${open.text}\n${line.text}` } : line;
    open = row.text.split('"').length % 2 === 0 && row.text.length < maxRowChars ? row : null;
    if (!open) yield row;
  }
  if (open) throw truncated(file, open.number);
}

/** The cells of a row, in quotation marks or not; null for a row of another number of them, or one that is none. */
function cellsOf(row: string): string[] | null {
  const cells: string[] = [];
  for (let at = 0; at <= row.length && cells.length <= columnCount;) {
    const end = row[at] === '"' ? endOfQuoted(row, at) : endOfPlain(row, at);
    if (end < row.length && row[end] !== ',') return null;
    const cell = row.slice(at, end);
    cells.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    at = end + 1;
  }
  return cells.length === columnCount ? cells : null;
}

function endOfPlain(row: string, at: number): number {
  const comma = row.indexOf(',', at);
  return comma < 0 ? row.length : comma;
}

/** Behind the closing quotation mark; two in a row stand for one. */
function endOfQuoted(row: string, at: number): number {
  for (let quote = row.indexOf('"', at + 1); quote >= 0; quote = row.indexOf('"', quote + 2)) {
    if (row[quote + 1] !== '"') return quote + 1;
  }
  return row.length;
}
