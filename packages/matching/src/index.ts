/**
 * Packages × advisories → verdicts: builds the checks of the knowledge base from normalised records, judges what is on an asset
 * by them, and explains every verdict. Pure; the platform stores and joins.
 */
export { buildChecks, type ChecksBuilt } from './build-checks.ts';
export { decisiveStatement } from './decisive-statement.ts';
export { advisoryUrl, explain, type VerdictReason } from './explain.ts';
export { packageElement, runningKernelElement, type InventoryElement } from './inventory-element.ts';
export { judge, type AffectedStatement, type Comparison, type Verdict } from './judge.ts';
export {
  advisorySource,
  elementConfidence,
  isKernelImage,
  isKernelSource,
  type AdvisorySource,
  type ElementConfidence,
} from './kernel.ts';
export { deriveSeverity, preferredCvss, type SeverityVerdict } from './severity.ts';
