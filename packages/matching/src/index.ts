/**
 * Packages × advisories → verdicts: builds the checks of the knowledge base from normalised records, judges what is on an asset
 * by them, and explains every verdict. Pure; the platform stores and joins.
 */
export { advisorySubject, isJudgedBySource, type AdvisorySubject } from './advisory-subject.ts';
export { backportOrigin, type BackportOrigin } from './backport.ts';
export { buildChecks, type CheckMemory, type ChecksBuilt } from './build-checks.ts';
export { canonicalText } from './canonical-text.ts';
export { checkNames } from './check-names.ts';
export { checkReferences } from './check-references.ts';
export { checkChanges, type CheckForm, statementSummary } from './check-changes.ts';
export type { Confidence } from './confidence.ts';
export { isCovered, minimumRegistryStatements } from './coverage.ts';
export { decisiveStatement, governingStatements, weighStatements, type WeighedStatement } from './decisive-statement.ts';
export {
  evidenceDifference,
  evidenceOf,
  evidenceTexts,
  type EvidenceTexts,
  judgeEvidence,
  plainStatement,
  replayEvidence,
  type Replay,
} from './evidence.ts';
export { advisoryUrl, explain, type VerdictReason } from './explain.ts';
export { packageElement, runningKernelElement, type InventoryElement } from './inventory-element.ts';
export { judgeStatement, type Comparison, type Outcome } from './judge-statement.ts';
export { judge, type AffectedStatement, PreparedStatements, type Verdict } from './judge.ts';
export { advisorySource, elementConfidence, isKernelImage, isKernelSource, type AdvisorySource } from './kernel.ts';
export { buildPostureChecks, postureFeed } from './posture-checks.ts';
export { meetsRequirement, requirementText } from './requirement.ts';
export { explainRisk } from './risk/explain-risk.ts';
export {
  type AssetContext,
  type CheckRisk,
  combinedRisk,
  criticalityFactor,
  exposureFactor,
  riskFormula,
  riskScore,
  riskWeight,
  usualContext,
} from './risk/risk-formula.ts';
export { deriveSeverity, preferredCvss, type SeverityVerdict } from './severity.ts';
export { isModularBuild, isOfModule } from './module.ts';
export { indexStatements, type StatementIndex, type Unassessed } from './statement-index.ts';
export { compareInOrder, isComparable, versionOrder } from './version-order.ts';
