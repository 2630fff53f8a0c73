import { EcosystemError } from '../errors.ts';

/** One package of an rpm database, in rpm's own words. */
export interface RpmPackage {
  readonly name: string;
  /** [epoch:]version-release; an epoch of 0 is left out. */
  readonly version: string;
  readonly architecture: string;
  /** Source package and its version; the package itself where the header names none. */
  readonly source: string;
  readonly sourceVersion: string;
  /** MODULARITYLABEL, `nodejs:18:9020230825111344:rhel9`; empty for none. */
  readonly module: string;
}

/** Numbers of the tags read here, from rpm's tag table (rpm-tags(7)). */
const tags = { name: 1000, version: 1001, release: 1002, epoch: 1003, arch: 1022, sourceRpm: 1044, moduleLabel: 5096 } as const;
const wanted: ReadonlySet<number> = new Set(Object.values(tags));
const types = { int32: 4, string: 6, stringArray: 8, i18nString: 9 } as const;
const entryBytes = 16;
/** rpm's own ceilings for a header: entries and bytes of data. */
const maxEntries = 0xffff;
const maxDataBytes = 256 * 1024 * 1024;

/**
 * One package out of a header of the rpm database: count of entries, count of data bytes, entries (tag, type, offset, count), data;
 * all numbers big-endian (rpm "Package format"). Null for a public key (`gpg-pubkey`), which rpm keeps among the packages.
 * Throws EcosystemError DATABASE_DAMAGED.
 */
export function readRpmHeader(header: Uint8Array): RpmPackage | null {
  const values = readTags(header);
  const name = textOf(values, tags.name);
  const version = textOf(values, tags.version);
  const release = textOf(values, tags.release);
  if (name === '' || version === '') throw new EcosystemError('DATABASE_DAMAGED', 'an rpm header without name or version');
  if (name === 'gpg-pubkey') return null;
  const epoch = values.get(tags.epoch);
  const prefix = typeof epoch === 'number' && epoch > 0 ? `${epoch}:` : '';
  const evr = `${prefix}${version}${release === '' ? '' : `-${release}`}`;
  const source = readSourceRpm(textOf(values, tags.sourceRpm));
  // The name of a source rpm leaves the epoch out; it is that of what was built from it in all but freak cases.
  return {
    name,
    version: evr,
    architecture: textOf(values, tags.arch),
    source: source?.name ?? name,
    sourceVersion: source ? `${prefix}${source.version}` : evr,
    module: textOf(values, tags.moduleLabel),
  };
}

function textOf(values: ReadonlyMap<number, string | number>, tag: number): string {
  const value = values.get(tag);
  return typeof value === 'string' ? value : '';
}

function readTags(header: Uint8Array): Map<number, string | number> {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.length < 8) throw new EcosystemError('DATABASE_DAMAGED', 'an rpm header shorter than its own start');
  const entries = view.getUint32(0);
  const dataBytes = view.getUint32(4);
  const data = 8 + entries * entryBytes;
  if (entries > maxEntries || dataBytes > maxDataBytes || data + dataBytes > header.length) {
    throw new EcosystemError('DATABASE_DAMAGED', 'an rpm header that is longer than its record');
  }
  const values = new Map<number, string | number>();
  for (let at = 8; at < data; at += entryBytes) {
    const tag = view.getUint32(at);
    const type = view.getUint32(at + 4);
    const offset = view.getUint32(at + 8);
    if (!wanted.has(tag) || values.has(tag)) continue;
    if (offset >= dataBytes) throw new EcosystemError('DATABASE_DAMAGED', `tag ${tag} of an rpm header lies outside of it`);
    const value = readValue(header, view, { type, start: data + offset, end: data + dataBytes });
    if (value !== null) values.set(tag, value);
  }
  return values;
}

interface Place {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

/** The first element of the value; null for types that none of the wanted tags has. */
function readValue(header: Uint8Array, view: DataView, { type, start, end }: Place): string | number | null {
  if (type === types.int32) return start + 4 > end ? null : view.getUint32(start);
  if (type !== types.string && type !== types.stringArray && type !== types.i18nString) return null;
  const zero = header.indexOf(0, start);
  if (zero < 0 || zero >= end) throw new EcosystemError('DATABASE_DAMAGED', 'a text of an rpm header has no end');
  return new TextDecoder().decode(header.subarray(start, zero));
}

/** `openssl-libs` was built from `openssl-3.0.7-25.el9_3.src.rpm`: name and version-release, from the right. */
function readSourceRpm(fileName: string): { name: string; version: string } | null {
  if (!/\.(no)?src\.rpm$/.test(fileName)) return null;
  const stem = fileName.slice(0, fileName.lastIndexOf('.', fileName.length - '.rpm'.length - 1));
  const release = stem.lastIndexOf('-');
  const version = stem.lastIndexOf('-', release - 1);
  return version <= 0 ? null : { name: stem.slice(0, version), version: stem.slice(version + 1) };
}
