import type { Software } from '@vedette/protocol';
import { writeValue } from '@vedette/query';

/** The query that finds this package version, of assets and of detections alike: `software:(…)`. */
export function softwareQuery({
  name,
  version,
  ecosystem,
  release,
}: Pick<Software, 'name' | 'version' | 'ecosystem' | 'release'>): string {
  const place = release === '' ? 'not release:*' : `release:${quoted(release)}`;
  return `software:(name:${quoted(name)} and version:=${quoted(version)} and ecosystem:${writeValue(ecosystem)} and ${place})`;
}

/** Always: a name may look like a pattern or a range. */
function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
