import { endpoints } from '@vedette/protocol';
import { entities, type Field, writeValue } from '@vedette/query';
import { useApi } from '../api/use-api.ts';
import { useSettled } from '../ui/use-settled.ts';

const askedFor: ReadonlySet<Field['type']> = new Set(['text', 'keyword', 'version']);

/** Values of a field that exist and begin as written, ready to stand in a query. None for fields whose values are known anyway. */
export function useFieldValues(field: Field | null, written: string): readonly string[] {
  const asked = useSettled(written.replaceAll(/["*]/g, '').slice(0, 100));
  const enabled = field !== null && field.choices === undefined && askedFor.has(field.type);
  const about = Object.values(entities).find(({ fields }) => field && fields.includes(field))?.name ?? 'asset';
  const query = { about, field: field?.name ?? '', prefix: asked };
  const { data } = useApi(endpoints.listFieldValues, { query }, { enabled, keepsPrevious: true });
  return enabled ? (data?.items ?? []).map((value) => writeValue(value)) : [];
}
