import { Zip, ZipDeflate } from 'fflate';
import type { Cell, Column, ReportDocument, ReportTable } from '../report-document.ts';

/** What a sheet can hold (ECMA-376: rows have numbers up to 2^20); more rows go on in the next sheet. */
const maxRows = 1_048_576;
/** What a spreadsheet takes in one cell. */
const maxCellChars = 32_767;
/** Of every file in the archive: the time of making would change the bytes. */
const fileTime = new Date('2020-01-01T12:00:00');

interface Sheet {
  readonly name: string;
  readonly file: string;
}

/**
 * An Office Open XML workbook (ECMA-376), sheet by sheet, packed as it is written. All text is inline and marked as text: nothing in it
 * is ever taken for a formula.
 */
export async function* writeXlsx(report: ReportDocument): AsyncGenerator<Uint8Array> {
  const packed: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    packed.push(chunk);
  });
  const begin = (file: string): ZipDeflate => {
    const entry = new ZipDeflate(file, { level: 6 });
    entry.mtime = fileTime;
    zip.add(entry);
    return entry;
  };
  const whole = (file: string, text: string): void => begin(file).push(encoder.encode(text), true);
  const sheets: Sheet[] = [];
  for await (const { name, parts } of sheetsOf(report)) {
    const sheet = { name: sheetName(name, sheets), file: `xl/worksheets/sheet${sheets.length + 1}.xml` };
    sheets.push(sheet);
    const entry = begin(sheet.file);
    for await (const part of parts) {
      entry.push(encoder.encode(part));
      yield* packed.splice(0);
    }
    entry.push(new Uint8Array(0), true);
  }
  whole('xl/styles.xml', styles);
  whole('xl/workbook.xml', workbook(sheets));
  whole('xl/_rels/workbook.xml.rels', workbookRelations(sheets));
  whole('_rels/.rels', relations);
  whole('[Content_Types].xml', contentTypes(sheets));
  zip.end();
  yield* packed;
}

const encoder = new TextEncoder();

interface SheetText {
  readonly name: string;
  readonly parts: AsyncIterable<string>;
}

async function* sheetsOf({ title, facts, figures, tables }: ReportDocument): AsyncGenerator<SheetText> {
  const about: Cell[][] = [[title], ...facts.map((fact) => [...fact]), [], ...figures.map(({ label, value }) => [label, value])];
  yield { name: 'Report', parts: aboutSheet(about) };
  for (const table of tables) {
    const rows = new Rows(table);
    for (let number = 1; number === 1 || !(await rows.isAtEnd()); number += 1) {
      yield { name: number === 1 ? table.heading : `${table.heading} ${number}`, parts: tableSheet(table.columns, rows) };
    }
  }
}

/** The rows of a table, which may go on in another sheet. */
class Rows {
  readonly #parts: AsyncIterator<readonly (readonly Cell[])[]>;
  #part: readonly (readonly Cell[])[] = [];

  constructor({ rows }: ReportTable) {
    this.#parts = rows[Symbol.asyncIterator]();
  }

  /** At most so many; empty at the end. */
  async take(most: number): Promise<readonly (readonly Cell[])[]> {
    if (await this.isAtEnd()) return [];
    const taken = this.#part.slice(0, most);
    this.#part = this.#part.slice(most);
    return taken;
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#part.length === 0) {
      const next = await this.#parts.next();
      if (next.done) return true;
      this.#part = next.value;
    }
    return false;
  }
}

const sheetBegin =
  '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">';

async function* aboutSheet(rows: readonly (readonly Cell[])[]): AsyncGenerator<string> {
  yield `${sheetBegin}<cols><col min="1" max="2" width="40" customWidth="1"/></cols><sheetData>`;
  yield rows
    .map((row, index) => `<row r="${index + 1}">${row.map((value) => cell(value, index === 0 ? 1 : 0)).join('')}</row>`)
    .join('');
  yield '</sheetData></worksheet>';
}

async function* tableSheet(columns: readonly Column[], rows: Rows): AsyncGenerator<string> {
  const frozen =
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>';
  const widths = columns.map(
    ({ width }, index) => `<col min="${index + 1}" max="${index + 1}" width="${width * 1.4}" customWidth="1"/>`,
  );
  const heads = columns.map(({ title }) => cell(title, 1));
  yield `${sheetBegin}${frozen}<cols>${widths.join('')}</cols><sheetData><row r="1">${heads.join('')}</row>`;
  let number = 1;
  while (number < maxRows) {
    const part = await rows.take(Math.min(5000, maxRows - number));
    if (part.length === 0) break;
    let text = '';
    for (const row of part) {
      number += 1;
      text += `<row r="${number}">`;
      for (let index = 0; index < columns.length; index += 1) {
        text += columns[index]?.kind === 'moment' ? moment(row[index] ?? null) : cell(row[index] ?? null, 0);
      }
      text += '</row>';
    }
    yield text;
  }
  yield '</sheetData></worksheet>';
}

function cell(value: Cell, style: number): string {
  if (value === null) return '<c/>';
  if (typeof value === 'number') return `<c s="${style}"><v>${value}</v></c>`;
  return `<c s="${style}" t="inlineStr"><is><t xml:space="preserve">${escapeXml(value.slice(0, maxCellChars))}</t></is></c>`;
}

const dayMs = 24 * 3600 * 1000;
/** Day 0 of spreadsheets, with the leap day of 1900 that they count and that never was. */
const dayZero = Date.UTC(1899, 11, 30);

/** A date as a spreadsheet counts it: days, in UTC. */
function moment(value: Cell): string {
  if (value === null) return '<c/>';
  const at = Date.parse(String(value));
  if (Number.isNaN(at)) return cell(value, 0);
  return `<c s="2"><v>${((at - dayZero) / dayMs).toFixed(10)}</v></c>`;
}

/** Text for XML 1.0; characters that no XML document may hold are left out. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** At most 31 characters, none of []:*?/\ and no name twice: spreadsheets refuse the file otherwise. */
function sheetName(heading: string, taken: readonly Sheet[]): string {
  const base = heading.replaceAll(/[[\]:*?/\\']/g, ' ').slice(0, 28);
  const isTaken = (name: string): boolean => taken.some((one) => one.name.toLowerCase() === name.toLowerCase());
  let name = base;
  for (let number = 2; isTaken(name); number += 1) name = `${base} ${number}`;
  return name;
}

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const officeRelations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageRelations = 'http://schemas.openxmlformats.org/package/2006/relationships';

function workbook(sheets: readonly Sheet[]): string {
  const list = sheets.map(
    ({ name }, index) => `<sheet name="${escapeXml(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  return `${declaration}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${officeRelations}"><sheets>${list.join('')}</sheets></workbook>`;
}

function workbookRelations(sheets: readonly Sheet[]): string {
  const list = sheets.map(
    ({ file }, index) =>
      `<Relationship Id="rId${index + 1}" Type="${officeRelations}/worksheet" Target="${file.slice('xl/'.length)}"/>`,
  );
  const style = `<Relationship Id="rId${sheets.length + 1}" Type="${officeRelations}/styles" Target="styles.xml"/>`;
  return `${declaration}<Relationships xmlns="${packageRelations}">${list.join('')}${style}</Relationships>`;
}

const relations = `${declaration}<Relationships xmlns="${packageRelations}"><Relationship Id="rId1" Type="${officeRelations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`;

function contentTypes(sheets: readonly Sheet[]): string {
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  const list = sheets.map(({ file }) => `<Override PartName="/${file}" ContentType="${type}.worksheet+xml"/>`);
  return `${declaration}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${type}.styles+xml"/>${list.join('')}</Types>`;
}

/** 0: plain, 1: bold, 2: a date with its time. */
const styles = `${declaration}<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;
