import { type Collector, collectors, type PostureMemory, postureWithMemory, type ReadManifest } from '@vedette/collectors';
import { postureFact } from '@vedette/protocol';

/** The collectors that run by this manifest: those that it names, or all, and the one that reads its probes; without one, all but that. */
export function manifestCollectors(manifest: ReadManifest | null, memory: PostureMemory = new Map()): readonly Collector[] {
  const others = collectors.filter(({ fact }) => fact.name !== postureFact.name);
  if (manifest === null) return others;
  const wanted = manifest.collectors;
  const chosen = wanted === undefined ? others : others.filter(({ fact }) => wanted.includes(fact.name));
  return [...chosen, postureWithMemory(manifest.probes, memory)];
}
