import type { Affected } from '@vedette/protocol';
import type { InventoryElement } from './inventory-element.ts';

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

/** A build of a module, by its release. */
export function isModularBuild(version: string): boolean {
  return /\.module[_+]/.test(version);
}
