import { entities, type Field, type FieldType, type Thing } from '@vedette/query';

/** Of several the one that this time is taken. */
export type Pick = <One>(from: readonly One[]) => One;

type Scalar = string | number | boolean;

/**
 * A term for every operator that the type of a field allows, with values that things have in it, and such that lie beside them.
 * Nested ones: a term of each field inside, whatever it holds.
 */
export function termsOf(field: Field, things: readonly Thing[], pick: Pick): readonly string[] {
  if (field.of) return nestedTerms(field, things, pick);
  const values = things.flatMap((thing) => scalarsOf(thing[field.name]));
  const known = values.length > 0 ? values : usual[field.type];
  const value = (): Scalar => pick(known);
  return [`${field.name}:*`, ...writers[field.type](value, { field, pick }).map((test) => `${field.name}:${test}`)];
}

function nestedTerms(field: Field, things: readonly Thing[], pick: Pick): string[] {
  const inner = things.flatMap((thing) => (thing[field.name] ?? []) as readonly Thing[]); // a nested field holds things
  const fields = entities[field.of ?? (field.name as 'asset')].fields.filter(({ of }) => !of);
  return fields.map((one) => {
    const terms = termsOf(one, inner, pick);
    return pick([`${field.name}:(${pick(terms)})`, `${field.name}:(not ${pick(terms)})`, `${field.name}.${pick(terms)}`]);
  });
}

type Write = (value: () => Scalar, by: { readonly field: Field; readonly pick: Pick }) => string[];

/** What stands behind the colon. */
const writers: Readonly<Record<FieldType, Write>> = {
  text: (value, { pick }) => texts(value, pick),
  keyword: (value, { pick }) => texts(value, pick),
  choice: (_, { field, pick }) => {
    const one = (): string => pick(field.choices ?? []);
    return [one(), `=${one().toUpperCase()}`, `!=${one()}`, `(${one()} or ${one()})`];
  },
  boolean: (_, { pick }) => ['true', 'false', `=${pick(['yes', 'NO'])}`, `!=${pick(['true', 'false'])}`],
  number: (value, { pick }) => ordered(() => written(Number(value()) + pick([0, 0, 0, 1, -1, 0.5]))),
  severity: (value, { pick }) =>
    ordered(() => pick([String(value()), pick(['informational', 'low', 'Medium', 'high', 'CRITICAL'])])),
  instant: (value, { pick }) => {
    const moment = (): string => new Date(Number(value()) + pick([0, 0, 0, 1, -1])).toISOString();
    return [...ordered(() => moment().slice(0, pick([24, 24, 24, 10, 7]))), 'now-3d', '>now-2d', '<=now-50h', 'now+1d'];
  },
  version: (value, { pick }) => [
    ...['', '=', '!=', '<', '<=', '>', '>='].map((operator) => `${operator}${quoted(String(value()))}`),
    pattern(String(value()), pick),
    rangeOf([String(value()), String(value())].toSorted()),
  ],
  nested: () => [],
};

/** Where no thing has a value. */
const usual: Readonly<Record<FieldType, readonly Scalar[]>> = {
  text: ['x'],
  keyword: ['x'],
  choice: [],
  boolean: [],
  number: [0, 500],
  severity: [1, 5],
  instant: [Date.parse('2026-09-02T00:00:00Z')],
  version: ['1.0-1'],
  nested: [],
};

function texts(value: () => Scalar, pick: Pick): string[] {
  const text = (): string => {
    const one = String(value());
    return pick([one, one.toUpperCase(), one.slice(1), one.slice(0, 3)]);
  };
  return [
    quoted(text()),
    `=${quoted(text())}`,
    `!=${quoted(text())}`,
    pattern(String(value()), pick),
    `(${quoted(text())} or ${pattern(String(value()), pick)})`,
  ];
}

function ordered(value: () => string): string[] {
  const bounds = [value(), value()].toSorted((a, b) => rank(a) - rank(b));
  return [...['', '=', '!=', '<', '<=', '>', '>='].map((operator) => `${operator}${value()}`), rangeOf(bounds)];
}

/** Such that a range of both has its lower end first. */
function rank(text: string): number {
  const severity = ['informational', 'low', 'medium', 'high', 'critical'].indexOf(text.toLowerCase());
  if (severity !== -1) return severity + 1;
  return /^\d{4}-/.test(text) ? Date.parse(text) : Number(text);
}

function rangeOf([from, to]: readonly string[]): string {
  return `${from}..${to}`;
}

/** As the query language writes numbers. */
function written(value: number): string {
  return String(Number(value.toFixed(6)));
}

/** Stars and question marks for parts of a text; what a pattern cannot hold is left to them. */
function pattern(text: string, pick: Pick): string {
  const from = pick([0, 0, 1]);
  const kept = text.slice(from, pick([text.length, text.length, 4])).replaceAll(/[^\w.+~-]/gu, '?');
  const place = Math.floor(kept.length / 2);
  return `${from > 0 ? '*' : ''}${pick([kept, `${kept.slice(0, place)}?${kept.slice(place + 1)}`])}*`;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function scalarsOf(value: Thing[string] | undefined): Scalar[] {
  return [value ?? []].flat().flatMap((one) => (one === null || typeof one === 'object' ? [] : [one]));
}
