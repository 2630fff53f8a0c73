import type { Affected, CheckAffected } from '@vedette/protocol';
import type { Confidence } from './confidence.ts';
import type { InventoryElement } from './inventory-element.ts';
import { compareInOrder } from './version-order.ts';

/**
 * Whether a statement can be about this rpm as far as modules go. The same name comes from several streams of a module
 * (nodejs:18, nodejs:20) and from outside any, with versions that must not be compared with each other.
 *
 * 1. A statement of a stream is about packages of that stream, which rpm's MODULARITYLABEL names (name:stream:version:context).
 * 2. Where the label of the package or the stream of the statement is not known, being modular at all decides; builds of modules
 *    have `.module` in their release (1.module_el8.6.0+2867+1234).
 */
export function isOfModule(
  element: Pick<InventoryElement, 'version' | 'module'>,
  statement: Pick<Affected, 'fixed' | 'module'>,
): boolean {
  const installed = element.module ? element.module.split(':', 2).join(':') : null;
  if (installed && statement.module) return installed === statement.module;
  const isModular = installed !== null || isModularBuild(element.version);
  return isModular === (Boolean(statement.module) || isModularBuild(statement.fixed ?? ''));
}

/**
 * Potential where a statement is about a module and nothing says that the package is of the same stream: either has no stream that is
 * known, so another stream's fix may have been compared. Null where the streams are known, and for packages of no module.
 */
export function moduleConfidence(
  element: Pick<InventoryElement, 'version' | 'module'>,
  statement: Pick<Affected, 'fixed' | 'module'>,
): Confidence | null {
  const isModular = Boolean(element.module) || isModularBuild(element.version);
  if (!isModular || (element.module && statement.module)) return null;
  const whose = element.module ? 'the advisory does not say for which stream of the module its fix is' : streamUnknown;
  return { confidence: 'potential', reason: whose };
}

const streamUnknown = 'from which stream of the module the package comes is not known';

/** A build of a module, by its release. */
export function isModularBuild(version: string): boolean {
  return version.includes('.module') && /\.module[_+]/.test(version);
}

/**
 * An erratum of a module lists every build of it: 3.15-3.module_el8.6.0+2877+8e437bf5 and the same version built again as
 * …+3137+d33c3efb. Each has the fix, so the lowest build of a version is the first fixed one; the higher ones are taken away.
 * Other versions in one advisory stay, since they may be other stretches.
 */
export function withoutRebuilds<Statement extends CheckAffected>(statements: readonly Statement[]): Statement[] {
  const lowest = new Map<string, Statement>();
  for (const statement of statements) {
    const key = rebuildKey(statement);
    const known = key === null ? undefined : lowest.get(key);
    if (key === null) continue;
    if (!known || compareInOrder(statement.ecosystem, statement.fixed ?? '', known.fixed ?? '') === -1)
      lowest.set(key, statement);
  }
  return statements.filter((statement) => {
    const key = rebuildKey(statement);
    return key === null || lowest.get(key)?.fixed === statement.fixed;
  });
}

function rebuildKey({ advisory, introduced, fixed }: CheckAffected): string | null {
  if (fixed === null || introduced !== null || !isModularBuild(fixed)) return null;
  return `${advisory} ${fixed.split('.module', 1)[0]}`;
}
