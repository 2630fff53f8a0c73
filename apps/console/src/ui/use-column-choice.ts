import { useCallback, useMemo, useState } from 'react';
import { readStoredTexts, writeStored } from './stored.ts';

/** Which columns of a list to show, remembered by this browser; the first one always. */
export function useColumnChoice(
  list: string,
  columns: readonly { readonly id: string; readonly isExtra?: boolean }[],
): [ReadonlySet<string>, (ids: readonly string[]) => void] {
  const [chosen, setChosen] = useState(() => readStoredTexts(`hidden-columns:${list}`));
  const shown = useMemo(() => {
    const hidden = new Set(chosen ?? columns.flatMap(({ id, isExtra }) => (isExtra ? [id] : [])));
    return new Set(columns.flatMap(({ id }, index) => (index === 0 || !hidden.has(id) ? [id] : [])));
  }, [chosen, columns]);
  const choose = useCallback(
    (ids: readonly string[]) => {
      // What is hidden is remembered: a column that comes with a later release is shown.
      const left = columns.flatMap(({ id }) => (ids.includes(id) ? [] : [id]));
      setChosen(left);
      writeStored(`hidden-columns:${list}`, left);
    },
    [list, columns],
  );
  return [shown, choose];
}
