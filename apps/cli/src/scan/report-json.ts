import type { VerdictReason } from '@vedette/matching';
import type { EvidenceFile, Severity } from '@vedette/protocol';
import type { Finding, ScanResult } from './judge-packages.ts';

/** What `scan --json` prints; fields may be added, none changes its meaning. */
export interface ScanReport {
  readonly target: string;
  /** How many packages were found, and how many of them nobody could judge. */
  readonly packages: number;
  readonly unassessed: number;
  readonly detections: readonly ScanDetection[];
  /** What each detection rests on, in their order, for `vedette explain` and `vedette replay`; absent where it went to a file of its own. */
  readonly evidence?: EvidenceFile;
}

interface ScanDetection {
  readonly check: number;
  /** The check's own name first: the CVE, where there is one. */
  readonly aliases: readonly string[];
  readonly package: string;
  readonly installed: string;
  readonly fixed: string | null;
  readonly status: Finding['status'];
  /** 1 informational … 5 critical. */
  readonly severity: Severity;
  /** The advisory, and the feed it came with. */
  readonly source: string;
  readonly ecosystem: string;
  readonly why: string;
}

export function reportJson(result: ScanResult, evidence: EvidenceFile | null = null): ScanReport {
  return {
    target: result.target,
    packages: result.packages.length,
    unassessed: [...result.unassessed.values()].reduce((sum, packages) => sum + packages.length, 0),
    detections: result.findings.map(({ check, reason, status }) => ({
      check: check.number,
      aliases: [check.name, ...check.aliases],
      package: reason.package.name,
      installed: reason.package.installed,
      fixed: reason.package.fixed,
      status,
      severity: check.severity,
      source: `${reason.advisory.id} (${reason.advisory.feed})`,
      ecosystem:
        reason.statement.release === ''
          ? reason.statement.ecosystem
          : `${reason.statement.ecosystem}:${reason.statement.release}`,
      why: whyText(reason),
    })),
    ...(evidence ? { evidence } : {}),
  };
}

/** The sentence, and the comparison that anybody can repeat. */
export function whyText({ sentence, comparison }: VerdictReason): string {
  return comparison
    ? `${sentence} ${comparison.left} ${comparison.operator} ${comparison.right} by ${comparison.order}.`
    : sentence;
}
