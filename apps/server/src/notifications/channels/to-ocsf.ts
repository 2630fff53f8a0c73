import { createHash } from 'node:crypto';
import { type Detection, severityNames } from '@vedette/protocol';
import { productVersion } from '../../version.ts';
import type { ToldEvent } from '../message.ts';

/** Of the schema that the events are written after: schema.ocsf.io. What this file uses is the same from 1.4 on, which brought `advisory`. */
const ocsfVersion = '1.9.0';

/** Vulnerability Finding, class 2002 of category 2 (findings). */
const classUid = 2002;
const activities = { create: [1, 'Create'], update: [2, 'Update'], close: [3, 'Close'] } as const;

type Activity = keyof typeof activities;

/** An event about a detection as OCSF Vulnerability Finding; null for other events, which that class does not know. */
export function toOcsf({ id, event, at, text, detection }: ToldEvent): Readonly<Record<string, unknown>> | null {
  if (!detection) return null;
  const activity: Activity = event === 'detection.fixed' ? 'close' : event === 'detection.known-exploited' ? 'update' : 'create';
  const [activityId, activityName] = activities[activity];
  const isFixed = detection.status === 'fixed';
  return {
    activity_id: activityId,
    activity_name: activityName,
    category_uid: 2,
    category_name: 'Findings',
    class_uid: classUid,
    class_name: 'Vulnerability Finding',
    type_uid: classUid * 100 + activityId,
    type_name: `Vulnerability Finding: ${activityName}`,
    time: Date.parse(at),
    severity_id: detection.severity,
    severity: capital(severityNames[detection.severity]),
    status_id: isFixed ? 4 : 1,
    status: isFixed ? 'Resolved' : 'New',
    message: text,
    metadata: {
      version: ocsfVersion,
      uid: id,
      product: { name: 'Vedette', vendor_name: 'Vedette', version: productVersion },
    },
    finding_info: {
      uid: createHash('sha256').update(`${detection.assetId} ${detection.check}`).digest('hex'),
      title: detection.title ?? detection.name,
      types: [event],
      first_seen_time: Date.parse(detection.firstFound),
      last_seen_time: Date.parse(detection.lastFound),
    },
    resources: [{ uid: detection.assetId, name: detection.hostname, type: 'Host' }],
    vulnerabilities: [vulnerability(detection)],
  };
}

function vulnerability(detection: Detection): Readonly<Record<string, unknown>> {
  const { name, kind, cvssScore, cvssVersion, epssScore, packages } = detection;
  const isCve = /^CVE-\d{4}-\d{4,}$/.test(name);
  // Messages that waited through an upgrade of the platform do not know the version, without which the schema takes no score.
  const cvss = cvssScore === null || !cvssVersion ? {} : { cvss: [{ base_score: cvssScore, version: cvssVersion }] };
  const epss = epssScore === null ? {} : { epss: { score: String(epssScore) } };
  return {
    title: detection.title ?? name,
    severity: capital(severityNames[detection.severity]),
    is_exploit_available: detection.kevSince !== null,
    is_fix_available: packages.some(({ fixed }) => fixed !== null),
    first_seen_time: Date.parse(detection.firstFound),
    last_seen_time: Date.parse(detection.lastFound),
    ...(isCve ? { cve: { uid: name, ...cvss, ...epss } } : kind === 'posture' ? configuration : { advisory: { uid: name } }),
    affected_packages: packages.map((one) => ({
      name: one.name,
      version: one.installed,
      architecture: one.architecture,
      ...(one.fixed === null ? {} : { fixed_in_version: one.fixed }),
    })),
  };
}

/** A setting is no flaw of a product; the schema asks for one of CVE, CWE and advisory. */
const configuration = { cwe: { uid: 'CWE-16', caption: 'Configuration' } };

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
