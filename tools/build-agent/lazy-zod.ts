/**
 * Takes the place of zod in the agent's bundle. The agent checks what it reads by hand (replies.ts) and has the schemas for their types
 * only, but evaluating the library and building them would cost 4 MB that no kernel can take back. Here building a schema only notes how;
 * its first use, such as `parse`, evaluates the library and builds it.
 */
// By require, because a schema has to answer at once; the bundler makes it a call inside the bundle.
const library = (): object => require('./zod-builders.ts') as object;

/** What makes a schema out of others; anything else is a use. */
const builders = new Set(
  (
    'array base64 boolean brand catch check coerce date datetime default describe discriminatedUnion enum extend int iso lazy length ' +
    'literal looseObject max meta min nonnegative null nullable number object omit optional partial pick pipe positive prefault ' +
    'readonly record refine regex strictObject string superRefine transform tuple undefined union unknown url uuid'
  ).split(' '),
);

/** Something of zod that is made when it is first used. */
function deferred(make: () => object): object {
  let made: object | null = null;
  const real = (): object => (made ??= make());
  return new Proxy({}, { get: (_, name) => part(real, name), has: (_, name) => Reflect.has(real(), name) });
}

function part(owner: () => object, name: string | symbol): unknown {
  const read = (): object => Reflect.get(owner(), name) as object; // a function or namespace of zod
  if (typeof name !== 'string' || !builders.has(name)) return read();
  const call = (...args: readonly unknown[]): object => deferred(() => Reflect.apply(read() as () => object, owner(), args));
  // `z.iso` is a namespace: what is called is a part of it.
  return new Proxy(call, { get: (_, inner) => part(read, inner) });
}

export const z = deferred(library);
