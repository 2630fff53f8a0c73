import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { type List, nextPart, type Part } from '../api/use-list.ts';
import { type CsvValue, saveFile, toCsv } from './csv.ts';
import { Failure } from './Failure.tsx';
import { formatCount } from './format.ts';

/** Largest page the API gives, and how many rows one export that is made here may have. */
const exportPage = 500;
const exportRows = 50_000;

interface ExportButtonProps<Item> {
  readonly list: List<Item>;
  readonly noun: string;
  readonly columns: readonly { readonly header: string; readonly text?: (item: Item) => CsvValue }[];
}

/** Saves all rows of a list as CSV: written by the platform where it can, else here. */
export function ExportButton<Item>({ list, columns, noun }: ExportButtonProps<Item>) {
  const [exporting, setExporting] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const name = `vedette-${noun.replaceAll(' ', '-')}.csv`;
  if (list.csvAddress !== null) {
    return (
      <Button iconName="download" href={list.csvAddress} download={name} disabled={!list.total}>
        Export CSV
      </Button>
    );
  }
  const exportAll = async () => {
    setExporting(true);
    setFailure(null);
    try {
      const rows = await fetchAll(list);
      const table = rows.map((row) => columns.map((column) => column.text?.(row)));
      const header = columns.map((column) => column.header);
      saveFile(name, toCsv(header, table));
    } catch (error) {
      setFailure(error);
    }
    setExporting(false);
  };
  return (
    <>
      <Button iconName="download" loading={exporting} disabled={!list.total} onClick={() => void exportAll()}>
        Export CSV
      </Button>
      {failure === null ? null : <Failure error={failure} />}
    </>
  );
}

async function fetchAll<Item>({ fetchPart }: List<Item>): Promise<Item[]> {
  const rows: Item[] = [];
  let part: Part | undefined = { limit: exportPage };
  while (part) {
    const reply = await fetchPart(part);
    if (reply.total > exportRows)
      throw new Error(`An export may have ${formatCount(exportRows)} rows; narrow the filter and try again.`);
    rows.push(...reply.items);
    part = nextPart(reply, rows.length, exportPage);
  }
  return rows;
}
