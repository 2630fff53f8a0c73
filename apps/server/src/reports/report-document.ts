export type Cell = string | number | null;

export interface Column {
  /** Name in JSON. */
  readonly key: string;
  readonly title: string;
  /** `moment` cells hold RFC 3339 text in UTC. */
  readonly kind: 'text' | 'number' | 'moment';
  /** Share of a page's width, beside the others'. */
  readonly width: number;
}

export interface ReportTable {
  readonly heading: string;
  readonly note?: string;
  readonly columns: readonly Column[];
  /** In parts, made as they are taken: no report is ever in memory as a whole. Taken once. */
  readonly rows: AsyncIterable<readonly (readonly Cell[])[]>;
  /** The one that formats with a single table hold. Each report has one. */
  readonly isMain: boolean;
  /** What to say where there are no rows. */
  readonly empty: string;
}

/** A report before it has a format. Nothing in it may depend on when it is made: the same wish gives the same bytes. */
export interface ReportDocument {
  readonly title: string;
  /** What is reported, of when. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly figures: readonly { readonly label: string; readonly value: Cell }[];
  /** Taken in this order, each to its end or not at all. */
  readonly tables: readonly ReportTable[];
  readonly asOf: Date;
}

/** Rows that are known already. */
export async function* rowsOf(rows: readonly (readonly Cell[])[]): AsyncGenerator<readonly (readonly Cell[])[]> {
  if (rows.length > 0) yield rows;
}
