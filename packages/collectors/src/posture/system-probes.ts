import { releaseOf } from '@vedette/ecosystems';
import { postureMarks, type Probe } from '@vedette/protocol';
import type { Host } from '../host.ts';
import { parseOsRelease } from '../shared/os-release.ts';
import { allowedParameter } from './allowed.ts';
import { attempt, contentLimit, reading, type Reading } from './places.ts';

type Of<Kind extends Probe['kind']> = Extract<Probe, { kind: Kind }>;

export function readParameter(host: Host, { name }: Of<'sysctl'>): Reading[] {
  const parts = name.split('.');
  const star = parts.indexOf('*');
  const expanded =
    star === -1
      ? [parts]
      : (host.listDirectory(`/proc/sys/${parts.slice(0, star).filter(isPlainPart).join('/')}`) ?? [])
          .slice(0, 64)
          .map((part) => parts.with(star, part));
  if (expanded.length === 0) return [reading(name, postureMarks.absent)];
  return expanded.map((each) => {
    const path = allowedParameter(each);
    if (path === null) return reading(name, postureMarks.notAllowed);
    return reading(
      each.join('.'),
      attempt(() => host.readText(path, { maxBytes: 4096 })?.trim().replaceAll(/\s+/g, ' ') ?? null),
    );
  });
}

function isPlainPart(part: string): boolean {
  return /^[a-z0-9_-]+$/i.test(part);
}

export function readRelease(host: Host): Reading[] {
  const text = attempt(
    () => host.readText('/etc/os-release', contentLimit) ?? host.readText('/usr/lib/os-release', contentLimit),
  );
  if (text.startsWith('(')) return [reading('operating system', text)];
  const names = parseOsRelease(text);
  const id = names.get('ID') ?? 'linux';
  const versionId = names.get('VERSION_ID') ?? '';
  const known = releaseOf({ id, versionId, codename: names.get('VERSION_CODENAME') ?? '' });
  const value = known ? `${known.ecosystem} ${known.release}`.trim() : `${id} ${versionId}`.trim();
  return [reading('operating system', value, '/etc/os-release')];
}

const administrator = ['/etc/systemd/system', '/run/systemd/system'];
const vendor = ['/usr/lib/systemd/system', '/lib/systemd/system', '/usr/local/lib/systemd/system'];

/** As `systemctl is-enabled` of it, from the files alone. The subject is the unit that decides. */
export function readUnit(host: Host, { names }: Of<'unit'>): Reading[] {
  const states = names.map((name) => ({ name, state: unitState(host, name) }));
  const [first = { name: '', state: postureMarks.absent }] = states;
  const order = ['enabled', 'static', 'disabled', 'masked'];
  const best = order.flatMap((wanted) => states.find(({ state }) => state === wanted) ?? [])[0] ?? first;
  return [reading(best.name, best.state)];
}

function unitState(host: Host, name: string): string {
  return attempt(() => {
    const path = [...administrator, ...vendor].map((folder) => `${folder}/${name}`).find((each) => host.stat(each) !== null);
    const isMasked = administrator.some((folder) => host.readLink(`${folder}/${name}`) === '/dev/null');
    if (isMasked) return 'masked';
    if (path === undefined) return null;
    const isPulledIn = administrator.some((folder) =>
      (host.listDirectory(folder) ?? []).some(
        (entry) => /\.(?:wants|requires|upholds)$/.test(entry) && (host.listDirectory(`${folder}/${entry}`) ?? []).includes(name),
      ),
    );
    if (isPulledIn) return 'enabled';
    const unit = host.readText(path, contentLimit) ?? '';
    return /^\s*(?:WantedBy|RequiredBy|UpheldBy|Alias|Also)\s*=\s*\S/m.test(unit) ? 'disabled' : 'static';
  });
}
