/** An object of a JSON document from outside; only its own members are read. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The document, when it is an object; null for anything else. */
export function parseJsonObject(text: string): JsonObject | null {
  const value = parseJson(text);
  return isObject(value) ? value : null;
}

/** The objects of a document that is a list; empty for anything else. */
export function parseJsonList(text: string): JsonObject[] {
  const value = parseJson(text);
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** What lies under a path of names; undefined where a step is missing. */
export function at(object: JsonObject | null, ...names: readonly string[]): unknown {
  let value: unknown = object;
  for (const name of names) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

/** The same as text; empty for anything else. */
export function textAt(object: JsonObject | null, ...names: readonly string[]): string {
  const value = at(object, ...names);
  return typeof value === 'string' ? value : '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text); // every reader looks at it through the functions above
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
