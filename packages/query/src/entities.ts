import type { Entity, EntityName, Field, FieldType } from './field.ts';

function field(type: FieldType, name: string, describes: string, example: string): Field {
  return { name, type, describes, example };
}

function choice(name: string, choices: readonly string[], describes: string): Field {
  return { name, type: 'choice', describes, example: `${name}:${choices[0]}`, choices };
}

function nested(name: EntityName, describes: string, example: string): Field {
  return { name, type: 'nested', describes, example, of: name };
}

const severityFields = ['critical', 'high', 'medium', 'low', 'informational'].map((name) =>
  field('number', name, `Open detections of severity ${name} on it`, `${name}:>0`),
);

const asset: Entity = {
  name: 'asset',
  describes: 'A machine with an agent',
  searched: ['hostname', 'os'],
  fields: [
    field('text', 'hostname', 'Its name', 'hostname:web'),
    field('keyword', 'assetId', 'Its identity', 'assetId:3f0e*'),
    field('text', 'os', 'Its operating system as it names itself', 'os:debian'),
    field('keyword', 'ecosystem', 'The ecosystem of its system packages', 'ecosystem:debian'),
    field('keyword', 'release', 'Its release as advisories name it', 'release:bookworm'),
    field('keyword', 'architecture', 'Of its processor', 'architecture:x86_64'),
    choice('state', ['enrolling', 'active', 'silent', 'stale', 'archived'], 'By the last check-in'),
    field('keyword', 'tag', 'A tag that it has, by its query or by hand', 'tag:production'),
    field('keyword', 'agentVersion', 'Version of its agent', 'agentVersion:0.1.*'),
    field('keyword', 'activationKey', 'Identity of the key with which its agent enrolled', 'activationKey:3f0e*'),
    field('boolean', 'pendingRestart', 'Fixed on disk, but old code still runs', 'pendingRestart:true'),
    field('number', 'packages', 'Installed packages', 'packages:>1000'),
    field('number', 'unassessed', 'Installed packages of which no authority speaks', 'unassessed:>0'),
    field('number', 'risk', 'Of what is open on it, 0 to 1000: docs/risk.md', 'risk:>=500'),
    ...severityFields,
    field('instant', 'firstSeen', 'When it enrolled', 'firstSeen:>now-7d'),
    field('instant', 'lastSeen', 'Its last check-in', 'lastSeen:<now-1d'),
    field('instant', 'lastScan', 'Its last report of packages', 'lastScan:<now-1d'),
    nested('software', 'An installed package', 'software:(name:openssl and version:<3.0.15)'),
    nested('detection', 'An open detection', 'detection:(severity:5 and kev:true)'),
  ],
};

const detection: Entity = {
  name: 'detection',
  describes: 'A check that is true on an asset',
  searched: ['name', 'package'],
  fields: [
    field('number', 'check', 'Number of its check', 'check:120034'),
    field('keyword', 'name', 'Name of its check, most often a CVE', 'name:CVE-2026-*'),
    field('severity', 'severity', '1 to 5, or informational to critical', 'severity:>=high'),
    choice('confidence', ['confirmed', 'potential', 'information'], 'How sure it is'),
    choice('kind', ['vulnerability', 'posture'], 'A flaw of what is installed, or a setting that should be another'),
    choice('status', ['new', 'active', 'reopened', 'fixed'], 'Where it stands'),
    field('instant', 'firstFound', 'When it was found first', 'firstFound:>=2026-11'),
    field('instant', 'fixedAt', 'When it was last seen to be gone', 'fixedAt:>now-7d'),
    field('instant', 'openAt', 'A moment at which it was open, or a time in which it once was', 'openAt:2026-11-01T00:00Z'),
    field('boolean', 'kev', 'Listed by CISA as exploited', 'kev:true'),
    field('number', 'cvss', 'Base score, 0 to 10', 'cvss:>=9'),
    field('number', 'epss', 'Probability of exploitation within 30 days, 0 to 1', 'epss:>0.1'),
    field('number', 'risk', 'Of it on its asset, 0 to 1000: docs/risk.md', 'risk:>=500'),
    field('boolean', 'exception', 'An exception covers it; without this field, only those that none covers', 'exception:true'),
    field('keyword', 'exceptionId', 'Identity of an exception that covers it', 'exceptionId:3f0e*'),
    field('boolean', 'fixable', 'The vendor has a version without it', 'fixable:true'),
    field(
      'keyword',
      'upgrade',
      'The upgrade that alone removes it, as fix lists name it: ecosystem, release and source package',
      'upgrade:"debian bookworm openssl"',
    ),
    field('keyword', 'package', 'A package that makes it true', 'package:openssl'),
    nested('software', 'A package version that makes it true', 'software:(name:openssl and version:<3.0.15)'),
    nested('asset', 'The machine', 'asset:(os:debian and not hostname:test)'),
  ],
};

const check: Entity = {
  name: 'check',
  describes: 'A numbered check of the knowledge base',
  searched: ['name', 'alias', 'title'],
  fields: [
    field('number', 'check', 'Its number', 'check:120034'),
    field('keyword', 'name', 'Its name, most often a CVE', 'name:CVE-2026-*'),
    field('keyword', 'alias', 'Another name of the same flaw', 'alias:DSA-5678-1'),
    field('text', 'title', 'In one line', 'title:overflow'),
    field('severity', 'severity', '1 to 5, or informational to critical', 'severity:5'),
    field('number', 'cvss', 'Base score, 0 to 10', 'cvss:>=9'),
    field('number', 'epss', 'Probability of exploitation within 30 days, 0 to 1', 'epss:>0.1'),
    field('boolean', 'kev', 'Listed by CISA as exploited', 'kev:true'),
    field('boolean', 'patchable', 'Some vendor has a version without it', 'patchable:true'),
    field('instant', 'published', 'When it was made public', 'published:>=2026-11-01'),
    field('instant', 'modified', 'When it was last changed', 'modified:>now-7d'),
    field('keyword', 'package', 'An affected package', 'package:openssl'),
    field('keyword', 'ecosystem', 'An ecosystem of which it speaks', 'ecosystem:npm'),
    field('number', 'assets', 'Assets with an open detection of it', 'assets:>100'),
  ],
};

const software: Entity = {
  name: 'software',
  describes: 'An installed package version',
  searched: ['name', 'source'],
  fields: [
    field('keyword', 'name', 'Of the package', 'name:openssl'),
    field('version', 'version', 'In the order of its ecosystem', 'version:<3.0.15'),
    field('keyword', 'source', 'Source package of which it was built', 'source:openssl'),
    field('keyword', 'ecosystem', 'Of the package', 'ecosystem:debian'),
    field('keyword', 'release', 'Of the operating system', 'release:bookworm'),
    field('keyword', 'architecture', 'For which it was built', 'architecture:amd64'),
  ],
};

const event: Entity = {
  name: 'event',
  describes: 'Something that happened',
  searched: ['package', 'name', 'collector', 'status'],
  fields: [
    choice('kind', ['knowledge', 'detection', 'package', 'fact', 'agent', 'upgrade'], 'What it is about'),
    field(
      'keyword',
      'status',
      'What happened: installed, upgraded, changed, removed, reported; opened, reopened, closed; enrolled, revoked, silent, cloned; imported; upgrade-committed, rollout-started …',
      'status:opened',
    ),
    choice('cause', ['inventory', 'knowledge'], 'Why a detection opened or closed: the machine changed, or what is known'),
    field('instant', 'at', 'When it happened', 'at:>now-1h'),
    field('keyword', 'collector', 'What told of packages and facts', 'collector:user'),
    field('keyword', 'package', 'Package that came, went or changed', 'package:openssl'),
    field('keyword', 'version', 'Of the package that came, of the release, of the knowledge', 'version:3.0.15*'),
    field('keyword', 'previous', 'Version of the package that went', 'previous:3.0.14*'),
    field('number', 'check', 'Number of the check of a detection', 'check:120034'),
    field('keyword', 'name', 'Name of that check, most often a CVE', 'name:CVE-2026-*'),
    field('severity', 'severity', 'Of that check: 1 to 5, or informational to critical', 'severity:>=high'),
    nested('asset', 'The machine', 'asset:(os:debian and not hostname:test)'),
  ],
};

/** Everything that can be asked for, with its fields. */
export const entities: Readonly<Record<EntityName, Entity>> = { asset, detection, check, software, event };
