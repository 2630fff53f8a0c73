import { isDeepStrictEqual } from 'node:util';
import type { Detection } from '@vedette/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToldEvent } from '../message.ts';
import { toOcsf } from './to-ocsf.ts';

/** What is asked of an object: names that must be there, of which exactly one must be, and all there are that we use. */
interface Shape {
  readonly required: readonly string[];
  readonly justOne?: readonly string[];
  readonly attributes: Readonly<Record<string, Kind>>;
}
type Kind = 'text' | 'texts' | 'moment' | 'number' | 'boolean' | Shape | readonly [Shape] | Readonly<Record<`${number}`, string>>;

/**
 * Facts of OCSF 1.9.0 (2026-08-03) about what we send, by hand: github.com/ocsf/ocsf-schema, events/base_event.json,
 * events/findings/finding.json, events/findings/vulnerability_finding.json and the objects of these names. Enumerations with their captions,
 * which a sibling without "_id" repeats.
 */
const product: Shape = { required: ['vendor_name'], attributes: { name: 'text', vendor_name: 'text', version: 'text' } };
const metadata: Shape = { required: ['product', 'version'], attributes: { product, version: 'text', uid: 'text' } };
const findingInfo: Shape = {
  required: ['uid', 'title'],
  attributes: { uid: 'text', title: 'text', types: 'texts', first_seen_time: 'moment', last_seen_time: 'moment' },
};
const resource: Shape = { required: ['uid', 'name'], attributes: { uid: 'text', name: 'text', type: 'text' } };
const cvss: Shape = { required: ['base_score', 'version'], attributes: { base_score: 'number', version: 'text' } };
const epss: Shape = { required: ['score'], attributes: { score: 'text' } };
const cve: Shape = { required: ['uid'], attributes: { uid: 'text', cvss: [cvss], epss } };
const cwe: Shape = { required: ['uid'], attributes: { uid: 'text', caption: 'text' } };
const advisory: Shape = { required: ['uid'], attributes: { uid: 'text' } };
const affectedPackage: Shape = {
  required: ['name', 'version'],
  attributes: { name: 'text', version: 'text', architecture: 'text', fixed_in_version: 'text' },
};
const vulnerability: Shape = {
  required: [],
  justOne: ['advisory', 'cve', 'cwe'],
  attributes: {
    title: 'text',
    severity: 'text',
    is_exploit_available: 'boolean',
    is_fix_available: 'boolean',
    first_seen_time: 'moment',
    last_seen_time: 'moment',
    cve,
    cwe,
    advisory,
    affected_packages: [affectedPackage],
  },
};
const vulnerabilityFinding: Shape = {
  required: [
    'activity_id',
    'category_uid',
    'class_uid',
    'type_uid',
    'time',
    'severity_id',
    'metadata',
    'finding_info',
    'vulnerabilities',
  ],
  attributes: {
    activity_id: { 1: 'Create', 2: 'Update', 3: 'Close' },
    activity_name: 'text',
    category_uid: { 2: 'Findings' },
    category_name: 'text',
    class_uid: { 2002: 'Vulnerability Finding' },
    class_name: 'text',
    type_uid: {
      200201: 'Vulnerability Finding: Create',
      200202: 'Vulnerability Finding: Update',
      200203: 'Vulnerability Finding: Close',
    },
    type_name: 'text',
    severity_id: { 1: 'Informational', 2: 'Low', 3: 'Medium', 4: 'High', 5: 'Critical' },
    severity: 'text',
    status_id: { 1: 'New', 2: 'In Progress', 3: 'Suppressed', 4: 'Resolved', 5: 'Archived', 6: 'Deleted' },
    status: 'text',
    time: 'moment',
    message: 'text',
    metadata,
    finding_info: findingInfo,
    resources: [resource],
    vulnerabilities: [vulnerability],
  },
};
/** Their siblings are not called like them. */
const siblings: Readonly<Record<string, string>> = {
  activity_id: 'activity_name',
  category_uid: 'category_name',
  class_uid: 'class_name',
  type_uid: 'type_name',
  severity_id: 'severity',
  status_id: 'status',
};

type Value = Readonly<Record<string, unknown>>;

/** What does not fit, by where. */
function faults(value: Value, { required, justOne, attributes }: Shape, where = ''): string[] {
  const missing = required.filter((name) => value[name] === undefined).map((name) => `${where}${name} is missing`);
  const among = justOne?.filter((name) => value[name] !== undefined) ?? [];
  const several = justOne && among.length !== 1 ? [`${where} has ${among.length} of ${justOne.join()}`] : [];
  const wrong = Object.entries(value).flatMap(([name, one]) => {
    const kind = attributes[name];
    return kind === undefined ? [`${where}${name} is unknown`] : faultsOf(one, kind, { value, name, where });
  });
  return [...missing, ...several, ...wrong];
}

function faultsOf(one: unknown, kind: Kind, { value, name, where }: { value: Value; name: string; where: string }): string[] {
  const fits = (isRight: boolean) => (isRight ? [] : [`${where}${name} is ${JSON.stringify(one)}`]);
  if (kind === 'text') return fits(typeof one === 'string' && one !== '');
  if (kind === 'texts') return fits(Array.isArray(one) && one.every((text) => typeof text === 'string'));
  // timestamp_t: milliseconds since 1970; as seconds the same number would lie before 1973.
  if (kind === 'moment') return fits(Number.isSafeInteger(one) && Number(one) > 1e11);
  if (kind === 'number') return fits(typeof one === 'number' && Number.isFinite(one));
  if (kind === 'boolean') return fits(typeof one === 'boolean');
  if (Array.isArray(kind)) {
    const [shape] = kind as unknown as readonly [Shape];
    return Array.isArray(one) ? one.flatMap((item: Value, at) => faults(item, shape, `${where}${name}.${at}.`)) : fits(false);
  }
  if ('required' in kind) return faults(one as Value, kind as Shape, `${where}${name}.`);
  const caption = (kind as Record<string, string>)[String(one)];
  return fits(caption !== undefined && value[siblings[name] ?? ''] === caption);
}

const text = fc.string({ minLength: 1, maxLength: 20 });
const moment = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((at) => at.toISOString());
const event = fc.constantFrom('detection.new', 'detection.reopened', 'detection.fixed', 'detection.known-exploited');
const onePackage = fc.record({ name: text, installed: text, architecture: text, fixed: fc.option(text) });

/** Whatever a detection may be. */
const detection = fc.record({
  assetId: fc.uuid(),
  hostname: text,
  check: fc.integer({ min: 1 }),
  name: fc.oneof(fc.constant('CVE-2026-12345'), fc.constant('GHSA-5mrr-rgp6-x4gr'), fc.constant('VP-210'), text),
  kind: fc.constantFrom('vulnerability', 'posture'),
  title: fc.option(text),
  severity: fc.integer({ min: 1, max: 5 }),
  status: fc.constantFrom('new', 'active', 'reopened', 'fixed'),
  firstFound: moment,
  lastFound: moment,
  kevSince: fc.option(fc.constant('2026-01-01')),
  cvssScore: fc.option(fc.double({ min: 0, max: 10, noNaN: true })),
  cvssVersion: fc.option(fc.constantFrom('2.0', '3.0', '3.1', '4.0'), { nil: undefined }),
  epssScore: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  packages: fc.array(onePackage, { maxLength: 3 }),
});

describe('an event as OCSF Vulnerability Finding', () => {
  it('has what version 1.9.0 requires and nothing that it does not know, whatever the detection is', () => {
    fc.assert(
      fc.property(fc.record({ id: text, event, at: moment, text, detection }), (told) => {
        const found = toOcsf({ ...told, detection: told.detection as unknown as Detection } as ToldEvent);
        expect(faults(found ?? {}, vulnerabilityFinding)).toEqual([]);
        expect(found).toMatchObject({ metadata: { version: '1.9.0' } });
        expect(found?.['type_uid']).toBe(Number(found?.['class_uid']) * 100 + Number(found?.['activity_id']));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['2.0', [{ base_score: 7.5, version: '2.0' }]],
    ['4.0', [{ base_score: 7.5, version: '4.0' }]],
    // As in a message that an earlier version of the platform wrote.
    [undefined, undefined],
  ])('says that a score is one of CVSS %s', (cvssVersion, cvss) => {
    const [told] = fc.sample(fc.record({ id: text, at: moment, text, detection }), { numRuns: 1, seed: 1 });
    const scored = { ...told?.detection, name: 'CVE-2026-12345', cvssScore: 7.5, cvssVersion };
    const found = toOcsf({ ...told, event: 'detection.new', detection: scored } as unknown as ToldEvent);
    expect(found?.['vulnerabilities']).toEqual([
      expect.objectContaining({ cve: expect.toSatisfy((cve: { cvss?: unknown }) => isDeepStrictEqual(cve.cvss, cvss)) }),
    ]);
  });

  it.each([
    [{ severity_id: 7 }, 'severity_id is 7'],
    [{ status: 'Fixed' }, 'status_id is 1'],
    [{ time: '2026' }, 'time is "2026"'],
    [{ time: 1_795_000_000 }, 'time is 1795000000'],
    [{ activity_id: 99 }, 'activity_id is 99'],
    [{ type_uid: 200_401 }, 'type_uid is 200401'],
    [{ class_uid: 2004 }, 'class_uid is 2004'],
    [{ category_uid: 1 }, 'category_uid is 1'],
    [{ device: {} }, 'device is unknown'],
    [{ vulnerabilities: [{}] }, 'vulnerabilities.0. has 0 of advisory,cve,cwe'],
    [{ finding_info: {} }, 'finding_info.uid is missing'],
  ])('is found wrong with %j', (change, fault) => {
    const [told] = fc.sample(fc.record({ id: text, at: moment, text, detection }), { numRuns: 1, seed: 1 });
    const found = toOcsf({
      ...told,
      event: 'detection.new',
      detection: { ...told?.detection, status: 'new' },
    } as unknown as ToldEvent);
    expect(faults({ ...found, ...change }, vulnerabilityFinding).join()).toContain(fault);
  });
});
