import { AsyncLocalStorage } from 'node:async_hooks';

/** The assets that a caller may see, where these are not all. */
export interface AssetScope {
  readonly organizationId: string;
  readonly assetIds: ReadonlySet<string>;
  /** The same for the same assets. */
  readonly key: string;
}

/**
 * The scope of the request that is being answered. Ambient on purpose, against the custom of handing everything in: what had to be handed
 * on could be forgotten by the next endpoint, and that would show assets to people who must not see them.
 */
const scopes = new AsyncLocalStorage<AssetScope | undefined>();

/** Does a task within a scope: the database (openDatabase) and the fleet index then hold nothing but its assets. */
export function withinScope<Result>(scope: AssetScope, task: () => Result): Result {
  return scopes.run(scope, task);
}

/** Does a task for everybody, whoever it was that asked first: for what is shared between requests. */
export function outsideScope<Result>(task: () => Result): Result {
  return scopes.run(undefined, task);
}

/** Undefined where everything may be seen. */
export function currentScope(): AssetScope | undefined {
  return scopes.getStore();
}
