import { decodeJson, decodeText, fieldOf, recordsOf, textOf } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';
import { parsePurl, purlPackage } from '../purl.ts';

/** What both writings of SPDX say of a package. */
interface SpdxPackage {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly sourceInfo: string;
  readonly id: string;
  readonly purpose: string;
}

/** An SPDX 2.2 or 2.3 document in JSON: every package with a purl among its external references. */
export function extractSpdxJson(content: Uint8Array): Extraction {
  const document = decodeJson(content);
  if (!textOf(document, 'spdxVersion').startsWith('SPDX-2')) {
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no SPDX 2 document');
  }
  const found = new Findings();
  for (const entry of recordsOf(fieldOf(document, 'packages'))) {
    const reference = recordsOf(entry['externalRefs']).find((one) => one['referenceType'] === 'purl');
    addPackage(found, {
      name: textOf(entry, 'name'),
      version: textOf(entry, 'versionInfo'),
      purl: textOf(reference, 'referenceLocator'),
      sourceInfo: textOf(entry, 'sourceInfo'),
      id: textOf(entry, 'SPDXID'),
      purpose: textOf(entry, 'primaryPackagePurpose'),
    });
  }
  return found.finish();
}

/** The same as tag-value text: `Tag: value` lines, a package begins with PackageName. */
export function extractSpdxTagValue(content: Uint8Array): Extraction {
  const text = decodeText(content);
  if (!/^SPDXVersion: *SPDX-2/m.test(text.slice(0, 65_536))) {
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no SPDX 2 document');
  }
  const found = new Findings();
  let fields: Map<string, string> | null = null;
  const flush = (): void => {
    if (fields) addPackage(found, fromTags(fields));
  };
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0 || colon > 64) continue;
    const tag = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (tag === 'PackageName') {
      flush();
      fields = new Map();
    }
    const purl = tag === 'ExternalRef' ? /^\S+ +purl +(\S+)$/.exec(value)?.[1] : undefined;
    if (purl !== undefined) fields?.set('purl', purl);
    else if (fields && !fields.has(tag)) fields.set(tag, value);
  }
  flush();
  return found.finish();
}

function fromTags(fields: ReadonlyMap<string, string>): SpdxPackage {
  const field = (tag: string): string => fields.get(tag) ?? '';
  return {
    name: field('PackageName'),
    version: field('PackageVersion'),
    purl: field('purl'),
    sourceInfo: field('PackageSourceInfo'),
    id: field('SPDXID'),
    purpose: field('PrimaryPackagePurpose'),
  };
}

function addPackage(found: Findings, entry: SpdxPackage): void {
  if (entry.purpose === 'OPERATING-SYSTEM' || entry.purpose === 'OPERATING_SYSTEM' || entry.id.includes('OperatingSystem')) {
    found.distribution ??= { id: entry.name.toLowerCase(), versionId: entry.version, codename: '' };
    return;
  }
  if (entry.purl === '') return;
  const purl = parsePurl(entry.purl);
  // Trivy: "built package from: openssl 1.1.1k-7"
  const built = /^built package from: (\S+) (\S+)$/.exec(entry.sourceInfo);
  const pkg = purl && purlPackage(purl, { version: entry.version, source: built?.[1] ?? '', sourceVersion: built?.[2] ?? '' });
  if (pkg) found.add(pkg);
  else found.problem(0, purl ? `packages of type ${purl.type} are not known here` : 'a package URL that is none');
}
