import { AssetId, explainDetection } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import type { FiledEvidence } from '../scan/evidence-file.ts';
import { identifier } from './argument.ts';
import { checkNumberOf } from './check-argument.ts';
import type { Command, Outcome } from './command.ts';
import { text } from './list-options.ts';

export const explain: Command = {
  name: 'explain',
  summary: 'Say why a detection exists: package, statements, comparison, authority, evidence and history.',
  args: '<detection>',
  options: [['--scan <file>', 'explain a detection of this report or evidence file of "vedette scan"; needs no platform']],
  example: 'vedette explain 018f2c7e-0000-7000-8000-000000000001:CVE-2026-1234:openssl',
  help:
    'A detection is ASSET:CHECK or ASSET:CHECK:PACKAGE, with the check by number or name. With --scan it is the position in the report, from\n' +
    '0, or CHECK or CHECK:PACKAGE.',
  async run({ client }, [detection = ''], options) {
    const file = text(options['scan']);
    if (file !== undefined) return explainScan(file, detection);
    const [asset, check, name] = split(detection, 3);
    const params = { assetId: identifier(AssetId, 'asset', asset), check: checkNumberOf(check) };
    const data = await client().call(explainDetection, { params });
    const why = data.why.filter((reason) => name === undefined || isNamed(name, reason.package));
    if (why.length === 0) throw new CliError('NOT_FOUND', `${data.detection.name} was not found in a package ${name ?? ''}`);
    const shown = { ...data, why };
    const { explanationText } = await import('./explanation-text.ts');
    return { data: shown, text: explanationText(shown) };
  },
};

/** A name, or name:architecture. */
function isNamed(name: string, pkg: { readonly name: string; readonly architecture: string }): boolean {
  return name === pkg.name || name === `${pkg.name}:${pkg.architecture}`;
}

/** The first parts between colons; the last takes the rest. */
function split(word: string, parts: number): string[] {
  const all = word.split(':');
  return all.length <= parts ? all : [...all.slice(0, parts - 1), all.slice(parts - 1).join(':')];
}

async function explainScan(file: string, which: string): Promise<Outcome> {
  const { readEvidenceFile } = await import('../scan/evidence-file.ts');
  const { explainRecord } = await import('./explain-record.ts');
  const { records, knowledge } = readEvidenceFile(file);
  const chosen = choose(records, which);
  if (chosen.length === 0) throw new CliError('NOT_FOUND', `${file} has no detection ${which}; it has ${records.length}`);
  const explained = chosen.map((filed) => explainRecord(filed, knowledge));
  return { data: { detections: explained.map(({ data }) => data) }, text: explained.map((one) => one.text).join('\n\n') };
}

/** Numbers of checks begin at a million; no scan has so many detections. */
const firstCheckNumber = 1_000_000;

function choose(records: readonly FiledEvidence[], which: string): FiledEvidence[] {
  if (/^\d{1,6}$/.test(which) && Number(which) < firstCheckNumber) return records.slice(Number(which), Number(which) + 1);
  const [check, name] = split(which, 2);
  const number = checkNumberOf(check);
  return records.filter(({ record }) => record.check === number && (name === undefined || isNamed(name, record.element)));
}
