import { ApiError } from './api-error.ts';

/** So many of what is unknown are named. */
const namesShown = 5;

/**
 * Throws ApiError BAD_REQUEST for what was sent and is not in what the schema read of it: a token whose `expiresInDay` is passed over never
 * ends, a list whose `serverity` is passed over shows everything. `known`: what there is, where that is one list.
 */
export function refuseUnknown(
  where: string,
  { given, read, known }: { given: unknown; read: unknown; known: readonly string[] },
): void {
  const unknown = unknownNames(where, given, read).slice(0, namesShown);
  if (unknown.length === 0) return;
  const there = known.length > 0 && unknown.every((path) => path.split('.').length === 2) ? `; there is ${known.join(', ')}` : '';
  throw new ApiError('BAD_REQUEST', `${unknown.join(', ')}: not known here${there}`);
}

function unknownNames(where: string, given: unknown, read: unknown): string[] {
  if (Array.isArray(given))
    return given.flatMap((one, at) => unknownNames(`${where}.${at}`, one, Array.isArray(read) ? read[at] : undefined));
  if (!isObject(given)) return [];
  if (!isObject(read)) return read === undefined ? Object.keys(given).map((name) => `${where}.${name}`) : [];
  return Object.entries(given).flatMap(([name, value]) =>
    Object.hasOwn(read, name) ? unknownNames(`${where}.${name}`, value, read[name]) : [`${where}.${name}`],
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
