import { manifestFormat, manifestLimits, type Manifest, type PostureCheck, type Probe } from '@vedette/protocol';

/** What a profile may ask for beside the checks. */
export interface ManifestExtras {
  /** Read and shown, but judged by no check. */
  readonly probes?: readonly Probe[];
  /** See Manifest. */
  readonly collectors?: readonly string[];
}

export type ManifestContent = Omit<Manifest, 'version'>;

/**
 * What agents have to read for these checks: each probe once, in the order of their names, so that the same checks make the same text. Throws
 * Error for checks of which two mean different things by one name, and for more than an agent takes.
 */
export function buildManifest(checks: readonly PostureCheck[], extras: ManifestExtras = {}): ManifestContent {
  const probes = new Map<string, Probe>();
  for (const probe of [...checks.flatMap(({ reads }) => reads.map((read) => read.probe)), ...(extras.probes ?? [])]) {
    const known = probes.get(probe.id);
    if (known && JSON.stringify(known) !== JSON.stringify(probe)) throw new Error(`two probes have the name ${probe.id}`);
    probes.set(probe.id, probe);
  }
  const sorted = [...probes.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  if (sorted.length > manifestLimits.probes) throw new Error(`${sorted.length} probes are more than ${manifestLimits.probes}`);
  const collectors = extras.collectors ? { collectors: [...extras.collectors] } : {};
  const content: ManifestContent = { format: manifestFormat, ...collectors, probes: sorted };
  // The version comes on top.
  if (JSON.stringify(content).length > manifestLimits.bytes - 64) throw new Error('the manifest is larger than agents take');
  return content;
}
