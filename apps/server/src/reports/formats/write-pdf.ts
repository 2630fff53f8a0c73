import type PDFDocument from 'pdfkit';
import type { Cell, Column, ReportDocument, ReportTable } from '../report-document.ts';

/** Nobody reads more on paper; what is left out is said, and the other formats hold everything. */
export const maxPdfRows = 50_000;

const margin = 36;
const lineHeight = 12;
const gap = 6;
const grey = '#545b64';
const black = '#16191f';

type Face = 'Helvetica' | 'Helvetica-Bold';

/**
 * A4 pages across, a line for each row; cells that are too long are cut with an ellipsis. The fonts that every reader has know Western
 * European letters only (WinAnsi); others are shown as "?".
 */
export async function* writePdf(report: ReportDocument): AsyncGenerator<Uint8Array> {
  const { title, facts, figures, tables, asOf } = report;
  // Not before a PDF is wanted: it takes long to load.
  const { default: Document } = await import('pdfkit');
  const pages = new Pages(Document, { title, asOf });
  pages.write(title, { face: 'Helvetica-Bold', size: 18, after: 8 });
  for (const [label, value] of facts) pages.writePair(label, value);
  pages.skip(8);
  for (const { label, value } of figures) pages.writePair(label, String(value ?? ''));
  for (const table of tables) {
    yield* writeTable(pages, table);
    yield* pages.taken();
  }
  yield* pages.end();
}

async function* writeTable(pages: Pages, { heading, note, columns, rows, empty }: ReportTable): AsyncGenerator<Uint8Array> {
  pages.skip(14);
  pages.need(lineHeight * 5);
  pages.write(heading, { face: 'Helvetica-Bold', size: 13, after: 4 });
  if (note) pages.write(note, { face: 'Helvetica', size: 8, after: 4 });
  const places = placesOf(columns, pages.width);
  let count = 0;
  for await (const part of rows) {
    if (part.length > 0 && count === 0) pages.writeHead(places);
    for (const row of part.slice(0, maxPdfRows - count)) {
      if (pages.isFull()) pages.writeHead(places);
      pages.writeRow(places, row);
    }
    count += part.length;
    if (count > maxPdfRows) break;
    yield* pages.taken();
  }
  if (count === 0) pages.write(empty, { face: 'Helvetica', size: 9, after: 0 });
  if (count > maxPdfRows) {
    const message = `Cut here after ${maxPdfRows} rows. The same report as CSV, XLSX, HTML or JSON has all of them.`;
    pages.write(message, { face: 'Helvetica-Bold', size: 9, after: 0 });
  }
}

interface Place {
  readonly column: Column;
  readonly left: number;
  readonly width: number;
}

function placesOf(columns: readonly Column[], width: number): Place[] {
  const all = columns.reduce((sum, column) => sum + column.width, 0);
  let left = margin;
  return columns.map((column) => {
    const own = (width * column.width) / all;
    const place = { column, left, width: own - gap };
    left += own;
    return place;
  });
}

/** A document that is written from top to bottom, and taken away as it grows. */
class Pages {
  readonly #doc: InstanceType<typeof PDFDocument>;
  readonly #widths = new Map<string, number>();
  readonly #footer: string;
  readonly #bottom: number;
  #number = 1;
  #y = margin;
  readonly width: number;

  constructor(Document: typeof PDFDocument, { title, asOf }: { title: string; asOf: Date }) {
    // pdfkit makes the file's id of these, too.
    const info = { Title: title, Producer: 'Vedette', Creator: 'Vedette', CreationDate: asOf };
    this.#doc = new Document({ size: 'A4', layout: 'landscape', margin, info, autoFirstPage: false });
    this.#doc.addPage();
    this.width = this.#doc.page.width - 2 * margin;
    this.#bottom = this.#doc.page.height - margin - lineHeight;
    this.#footer = `${title} - ${asOf.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    this.#writeFooter();
  }

  skip(height: number): void {
    this.#y += height;
  }

  /** Begins a new page where so much does not fit. */
  need(height: number): void {
    if (this.#y + height > this.#bottom) this.#turn();
  }

  /** Begins a new page where no row fits; returns whether it did. */
  isFull(): boolean {
    if (this.#y + lineHeight <= this.#bottom) return false;
    this.#turn();
    return true;
  }

  write(text: string, { face, size, after }: { face: Face; size: number; after: number }): void {
    this.need(size + after);
    this.#put(text, { face, size, left: margin, width: this.width, color: black });
    this.#y += size + after;
  }

  writePair(label: string, value: string): void {
    this.need(lineHeight);
    this.#put(label, { face: 'Helvetica', size: 9, left: margin, width: 190, color: grey });
    this.#put(value, { face: 'Helvetica', size: 9, left: margin + 200, width: this.width - 200, color: black });
    this.#y += lineHeight;
  }

  writeHead(places: readonly Place[]): void {
    for (const { column, left, width } of places) {
      this.#put(column.title, { face: 'Helvetica-Bold', size: 8, left, width, color: black, isRight: column.kind === 'number' });
    }
    this.#y += lineHeight;
    this.#doc
      .moveTo(margin, this.#y - 2)
      .lineTo(margin + this.width, this.#y - 2)
      .lineWidth(0.5)
      .stroke(black);
  }

  writeRow(places: readonly Place[], row: readonly Cell[]): void {
    for (const [index, { column, left, width }] of places.entries()) {
      const text = show(row[index] ?? null, column.kind);
      if (text !== '')
        this.#put(text, { face: 'Helvetica', size: 8, left, width, color: black, isRight: column.kind === 'number' });
    }
    this.#y += lineHeight;
  }

  /** What is written so far. */
  *taken(): Generator<Uint8Array> {
    for (let chunk = this.#read(); chunk !== null; chunk = this.#read()) yield chunk;
  }

  async *end(): AsyncGenerator<Uint8Array> {
    this.#doc.end();
    yield* this.#doc as unknown as AsyncIterable<Uint8Array>; // a stream of bytes
  }

  #read(): Uint8Array | null {
    return this.#doc.read() as Uint8Array | null; // likewise
  }

  #turn(): void {
    this.#doc.addPage();
    this.#number += 1;
    this.#y = margin;
    this.#writeFooter();
  }

  #writeFooter(): void {
    const [y, size] = [this.#y, 7];
    this.#y = this.#bottom + lineHeight / 2;
    this.#put(this.#footer, { face: 'Helvetica', size, left: margin, width: this.width - 60, color: grey });
    const left = margin + this.width - 60;
    this.#put(`page ${this.#number}`, { face: 'Helvetica', size, left, width: 60, color: grey, isRight: true });
    this.#y = y;
  }

  #put(text: string, style: { face: Face; size: number; left: number; width: number; color: string; isRight?: boolean }): void {
    const { face, size, left, width, color, isRight = false } = style;
    const { fitting, used } = this.#fit(toWinAnsi(text), face, { size, width });
    this.#doc.font(face).fontSize(size).fillColor(color);
    this.#doc.text(fitting, isRight ? left + width - used : left, this.#y, { lineBreak: false });
  }

  /** Cuts text to a width; measuring letter by letter, which are few, is far quicker than asking for each text. */
  #fit(text: string, face: Face, { size, width }: { size: number; width: number }): { fitting: string; used: number } {
    const dots = this.#widthOf('…', face) * size;
    let used = 0;
    let room = 0;
    for (let index = 0; index < text.length; index += 1) {
      const own = this.#widthOf(text.charAt(index), face) * size;
      if (used + own > width) return { fitting: `${text.slice(0, room)}…`, used: width };
      used += own;
      if (used + dots <= width) room = index + 1;
    }
    return { fitting: text, used };
  }

  /** At size 1. Leaves another face and size behind. */
  #widthOf(character: string, face: Face): number {
    const key = face + character;
    const known = this.#widths.get(key);
    if (known !== undefined) return known;
    const width = this.#doc.font(face).fontSize(1000).widthOfString(character) / 1000;
    this.#widths.set(key, width);
    return width;
  }
}

function show(value: Cell, kind: Column['kind']): string {
  if (value === null) return '';
  return kind === 'moment' ? String(value).slice(0, 16).replace('T', ' ') : String(value);
}

/** Those of Windows-1252 beyond Latin-1 that pdfkit writes as well. */
const beyondLatin = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ';

function toWinAnsi(text: string): string {
  let plain = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isKnown = (code >= 0x20 && code < 0x7f) || (code >= 0xa0 && code <= 0xff) || beyondLatin.includes(character);
    plain += isKnown ? character : '?';
  }
  return plain;
}
