import { z } from 'zod';
import type { FeedFile } from '../feed.ts';
import { checked } from '../shared/checked.ts';
import { feedJson } from '../shared/feed-text.ts';
import { childOf, descendants, xmlElements, type XmlElement } from '../shared/feed-xml.ts';
import type { Bulletin } from './bulletin.ts';

/** A month's document: its bulletins, and the day it was first issued. */
export interface Cvrf {
  readonly issued: string;
  readonly bulletins: readonly Bulletin[];
}

const ids = z.array(z.string().max(64)).max(100_000).default([]);
const Text = z.object({ Value: z.string().optional() }).nullish();
/** Types are numbers in JSON: Threat 3 severity, ProductStatus 3 known affected, Remediation 2 vendor fix. */
const Vulnerability = z.object({
  CVE: z.string().max(64),
  ProductStatuses: z
    .array(z.object({ Type: z.number(), ProductID: ids }))
    .max(1000)
    .nullish(),
  Threats: z
    .array(z.object({ Type: z.number(), Description: Text }))
    .max(100_000)
    .nullish(),
  CVSSScoreSets: z
    .array(z.object({ BaseScore: z.number().nullish(), Vector: z.string().nullish() }))
    .max(100_000)
    .nullish(),
  Remediations: z
    .array(z.object({ Type: z.number(), Description: Text, FixedBuild: z.string().nullish(), ProductID: ids.nullish() }))
    .max(100_000)
    .nullish(),
});

/** The JSON form of the CVRF interface (api.msrc.microsoft.com/cvrf), as far as Vedette reads it. */
const Document = z.object({
  DocumentTracking: z.object({ InitialReleaseDate: z.string() }),
  ProductTree: z.object({
    FullProductName: z.array(z.object({ ProductID: z.string(), Value: z.string().max(512) })).max(100_000),
  }),
  Vulnerability: z.array(Vulnerability).max(100_000).default([]),
});

/** Throws FeedError. */
export function readCvrfJson(file: FeedFile, maxBytes: number): Cvrf {
  const document = checked(file, Document, feedJson(file, maxBytes));
  const names = new Map(document.ProductTree.FullProductName.map((one) => [one.ProductID, one.Value]));
  const named = (products: readonly string[]): string[] => products.flatMap((id) => names.get(id) ?? []);
  return {
    issued: document.DocumentTracking.InitialReleaseDate,
    bulletins: document.Vulnerability.map((one) => ({
      cve: one.CVE,
      severities: (one.Threats ?? []).filter(({ Type }) => Type === 3).map(({ Description }) => Description?.Value ?? ''),
      scores: (one.CVSSScoreSets ?? []).map((set) => ({ vector: set.Vector ?? '', score: set.BaseScore ?? Number.NaN })),
      affected: named((one.ProductStatuses ?? []).filter(({ Type }) => Type === 3).flatMap(({ ProductID }) => ProductID)),
      fixes: (one.Remediations ?? [])
        .filter(({ Type }) => Type === 2)
        .map((fix) => ({ kb: fix.Description?.Value ?? '', build: fix.FixedBuild ?? '', products: named(fix.ProductID ?? []) })),
    })),
  };
}

const records: ReadonlySet<string> = new Set(['FullProductName', 'InitialReleaseDate', 'Vulnerability']);

/** The same in XML (ICASI CVRF 1.1), where types are words; products come first. Throws FeedError. */
export function readCvrfXml(file: FeedFile, maxBytes: number): Cvrf {
  const names = new Map<string, string>();
  const bulletins: Bulletin[] = [];
  let issued = '';
  for (const element of xmlElements(file, { maxBytes, root: 'cvrfdoc', names: records })) {
    if (element.name === 'FullProductName') names.set(element.attributes.get('ProductID') ?? '', element.text);
    else if (element.name === 'InitialReleaseDate') issued ||= element.text;
    else bulletins.push(bulletinOf(element, names));
  }
  return { issued, bulletins };
}

function bulletinOf(vulnerability: XmlElement, names: ReadonlyMap<string, string>): Bulletin {
  const text = (element: XmlElement, name: string): string => childOf(element, name)?.text ?? '';
  const ofType = (name: string, type: string): XmlElement[] =>
    [...descendants(vulnerability, name)].filter(({ attributes }) => attributes.get('Type') === type);
  const products = (element: XmlElement): string[] =>
    element.children.filter(({ name }) => name === 'ProductID').flatMap((id) => names.get(id.text) ?? []);
  return {
    cve: text(vulnerability, 'CVE'),
    severities: ofType('Threat', 'Severity').map((threat) => text(threat, 'Description')),
    scores: [...descendants(vulnerability, 'ScoreSet')].map((set) => ({
      vector: text(set, 'Vector'),
      score: Number.parseFloat(text(set, 'BaseScore')),
    })),
    affected: ofType('Status', 'Known Affected').flatMap(products),
    fixes: ofType('Remediation', 'Vendor Fix').map((fix) => ({
      kb: text(fix, 'Description'),
      build: text(fix, 'FixedBuild'),
      products: products(fix),
    })),
  };
}
