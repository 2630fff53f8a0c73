import { type Range, useWindowVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';

/** Up to so many rows all of them are in the page, where the browser's search and its printer find them. */
const allRows = 100;
/** Until a row was seen; of one line of text in a compact table. */
const usualHeightPx = 45;
/** Rows come and go by so many: a table is drawn as a whole, too often if it were by one. */
const block = 20;

interface RowWindow<Item> {
  /** Of a few items all; else those in sight. */
  readonly items: readonly Item[];
  /** Where they begin in the whole list, counted from 1 (aria-rowindex). */
  readonly firstIndex: number;
  /** True while some are left out. */
  readonly isPartial: boolean;
  /** For the element around the table. */
  readonly ref: RefObject<HTMLDivElement | null>;
  /** How much room those left out would take: styles.css gives it to the table. */
  readonly style: CSSProperties;
  /** Widths of the columns by id in pixels, which must not follow the rows that happen to be in sight; null to find them out. */
  readonly widths: ReadonlyMap<string, number> | null;
}

/** Which rows of a long table to have in the page while it is scrolled with the window; heights of rows are measured. */
export function useRowWindow<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  columns: readonly string[],
): RowWindow<Item> {
  const isPartial = items.length > allRows;
  const ref = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  // oxlint-disable-next-line react/incompatible-library -- what it returns is read here alone, and not remembered
  const rows = useWindowVirtualizer({
    count: items.length,
    enabled: isPartial,
    estimateSize: () => usualHeightPx,
    getItemKey: (index) => keyOf(items[index]!), // within count
    rangeExtractor: wholeBlocks,
    scrollMargin: top,
  });
  const seen = rows.getVirtualItems();
  const first = seen[0];
  const last = seen.at(-1);
  const from = first?.index ?? 0;
  const end = isPartial ? (last?.index ?? block - 1) + 1 : items.length;
  const widths = useColumnWidths(ref, isPartial, columns);
  useLayoutEffect(() => {
    const body = ref.current?.querySelector('tbody');
    if (!isPartial || !body) return;
    setTop(Math.round(body.getBoundingClientRect().top + scrollY));
    const heights = [...body.children].map((row) => row.getBoundingClientRect().height);
    for (const [at, height] of heights.entries()) rows.resizeItem(from + at, height);
  }, [rows, items, isPartial, from, end, widths]);
  const inSight = useMemo(() => items.slice(from, end), [items, from, end]);
  const style: Record<string, string> =
    isPartial && first && last
      ? {
          '--rows-above': `${first.start - top}px`,
          '--rows-below': `${rows.getTotalSize() - (last.end - top)}px`,
        }
      : {};
  return { items: isPartial ? inSight : items, firstIndex: from + 1, isPartial, ref, style, widths };
}

/** The blocks in sight, and those half a block away, so that rows are there before they are seen. */
function wholeBlocks({ startIndex, endIndex, count }: Range): number[] {
  const from = Math.max(0, Math.floor((startIndex - block / 2) / block) * block);
  const end = Math.min(count, Math.ceil((endIndex + 1 + block / 2) / block) * block);
  return Array.from({ length: end - from }, (_, at) => from + at);
}

/** The widths that the browser gave the columns by their first rows, kept until there are other columns or there is other room. */
function useColumnWidths(
  ref: RefObject<HTMLDivElement | null>,
  isPartial: boolean,
  columns: readonly string[],
): ReadonlyMap<string, number> | null {
  const [known, setKnown] = useState<{ key: string; widths: ReadonlyMap<string, number> } | null>(null);
  const key = columns.join(' ');
  const isKnown = known?.key === key;
  useLayoutEffect(() => {
    const around = ref.current;
    if (!isPartial || isKnown || !around) return;
    const heads = [...around.querySelectorAll<HTMLElement>('table:has(tbody) th[scope="col"]')];
    setKnown({
      key,
      widths: new Map(key.split(' ').map((id, at) => [id, heads[at]?.getBoundingClientRect().width ?? 0])),
    });
  }, [ref, isPartial, isKnown, key]);
  useEffect(() => {
    const around = ref.current;
    if (!isPartial || !around) return undefined;
    let room = around.clientWidth;
    const observer = new ResizeObserver(() => {
      if (around.clientWidth === room) return;
      room = around.clientWidth;
      setKnown(null);
    });
    observer.observe(around);
    return () => observer.disconnect();
  }, [ref, isPartial]);
  return isPartial && isKnown ? known.widths : null;
}
