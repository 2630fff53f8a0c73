import { runningKernelElement } from '@vedette/matching';
import { kernelFact, osFact } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type AssetRef, type CollectorRef, lockAssets, refKey, type Tx } from './asset-ref.ts';
import { AssetSummaries } from './asset-summaries.ts';
import {
  answerOutOfOrder,
  answerWrongDigest,
  type CollectorState,
  compareRows,
  forgetDigests,
  loadStates,
  saveStates,
  type StateAfter,
} from './collector-states.ts';
import type { DocumentInput, DocumentResult } from './document.ts';
import { FactBases } from './fact-bases.ts';
import { applyChange, type FactChange, type HeldFacts, loadReadableFacts, saveFactChanges } from './fact-rows.ts';
import { factText } from './fact-text.ts';
import { Inventory, loadInventories, type PackageSet, PackageSets, saveInventories } from './inventories.ts';
import { packageVersionRow } from './package-version-row.ts';
import { type PackageVersionRow, PackageVersions } from './package-versions.ts';
import type { ReadRows } from './read-rows.ts';
import { judgedCollectors, packageCollectors, packageReleaseOf, releaseOf } from './release.ts';
import { hashRow, type RowChange, type StoredRow } from './row-change.ts';

export interface Applied {
  /** In the order of the documents. */
  readonly results: readonly DocumentResult[];
  /** Package versions that wait to be judged. */
  readonly unjudged: number;
}

/** What outlives a batch: immutable rows that many batches need. */
export class InventoryMemory {
  readonly versions: PackageVersions;
  readonly sets = new PackageSets();
  readonly bases: FactBases;
  readonly #contents = new WeakMap<PackageSet, SetContents>();

  constructor(db: Kysely<Database>) {
    this.versions = new PackageVersions(db);
    this.bases = new FactBases(db);
  }

  /** What is in a shared set, looked up once: a delta then costs what it changes and not what is there. */
  async contentsOf(set: PackageSet): Promise<SetContents> {
    const known = this.#contents.get(set);
    if (known) return known;
    await this.versions.load(set.ids);
    const contents = this.#read(set.ids);
    this.#contents.set(set, contents);
    return contents;
  }

  #read(ids: readonly number[]): SetContents {
    const byKey = new Map<string, number[]>();
    let counted = 0;
    for (const id of ids) {
      const { key, counts } = this.versions.of(id);
      const same = byKey.get(key);
      if (same) same.push(id);
      else byKey.set(key, [id]);
      if (counts) counted += 1;
    }
    return { byKey, counted };
  }
}

interface SetContents {
  readonly byKey: ReadonlyMap<string, readonly number[]>;
  /** Package versions that hold code. */
  readonly counted: number;
}

type Readable = DocumentInput & { readonly read: ReadRows };

/**
 * Applies documents of many assets, at most one of each collector of an asset; each wholly or not at all. Every kind of row is read and
 * written by one statement for all of them, which is what makes a batch several times cheaper than its documents one by one. Idempotent:
 * the same document again is a `duplicate`. A delta must start from the state we have, and both must end with the digest that
 * the agent states; otherwise the whole state is asked for.
 */
export async function applyDocuments(
  tx: Tx,
  memory: InventoryMemory,
  inputs: readonly DocumentInput[],
  clock: () => Date,
): Promise<Applied> {
  await lockAssets(
    tx,
    inputs.map(({ ref }) => ref),
  );
  // Behind the locks, so that the changes of an asset bear their times in the order in which they are made.
  const at = clock();
  const states = await loadStates(
    tx,
    inputs.map(({ ref }) => ref),
  );
  const batch = new Batch(tx, memory, { states, at });
  const readable = inputs.filter((input): input is Readable => batch.isReadable(input));
  // Packages come last, because they are judged by the release of the operating system, which may come in this very batch.
  await batch.takeFacts(readable.filter(({ ref }) => !judgedCollectors.includes(ref.collector)));
  await batch.takePackages(readable.filter(({ ref }) => judgedCollectors.includes(ref.collector)));
  return batch.finish(inputs);
}

/** What a batch makes of its documents before anything is written. */
class Batch {
  readonly #tx: Tx;
  readonly #memory: InventoryMemory;
  readonly #states: ReadonlyMap<string, CollectorState>;
  readonly #at: Date;
  readonly #results = new Map<string, DocumentResult>();
  readonly #accepted: StateAfter[] = [];
  readonly #factChanges: FactChange[] = [];
  readonly #summaries = new AssetSummaries();
  readonly #inventories = new Map<string, Inventory>();
  /** Facts as they are after the documents that were taken, by refKey. */
  readonly #held = new Map<string, HeldFacts>();
  readonly #damaged: CollectorRef[] = [];
  #unjudged = 0;

  constructor(tx: Tx, memory: InventoryMemory, { states, at }: { states: ReadonlyMap<string, CollectorState>; at: Date }) {
    this.#tx = tx;
    this.#memory = memory;
    this.#states = states;
    this.#at = at;
  }

  isReadable(input: DocumentInput): input is Readable {
    const state = this.#states.get(refKey(input.ref));
    const answer = answerOutOfOrder(input.document, state);
    const { collector } = input.ref;
    if (answer) this.#results.set(refKey(input.ref), answer);
    else if ('reason' in input.read) {
      const { reason } = input.read;
      this.#results.set(refKey(input.ref), { collector, outcome: 'rejected', sequence: state?.sequence ?? 0, reason });
    } else return true;
    return false;
  }

  async takeFacts(inputs: readonly Readable[]): Promise<void> {
    await this.#loadFacts(inputs.map(({ ref }) => ref));
    const taken = inputs.flatMap((input) => {
      const change = this.#takeRows(input);
      return change ? [{ ...input, change }] : [];
    });
    const identities = taken.filter(({ ref }) => ref.collector === osFact.name || ref.collector === kernelFact.name);
    for (const { ref, read, document, change } of taken) {
      if (ref.collector === osFact.name) this.#summaries.of(ref).os = this.#os(ref) ?? null;
      if (ref.collector === 'restart')
        this.#summaries.of(ref).pendingRestart = this.#rowCount({ document, read }, change, this.#states.get(refKey(ref))) > 0;
    }
    await this.#reassignPackages(identities.filter(({ ref }) => ref.collector === osFact.name).map(({ ref }) => ref));
    await this.#takeKernels([...new Map(identities.map(({ ref }) => [ref.assetId, ref])).values()]);
  }

  async takePackages(documents: readonly Readable[]): Promise<void> {
    const { versions } = this.#memory;
    await this.#loadFacts(documents.map(({ ref }) => ({ ...ref, collector: osFact.name })));
    const inputs = documents.filter((input) => this.#hasReadableOs(input));
    await this.#loadInventories(
      inputs.flatMap(({ ref }) => (packageCollectors.includes(ref.collector) ? packageRefs(ref) : [ref])),
    );
    await versions.load(inputs.flatMap(({ ref }) => differenceOf(this.#inventory(ref))));
    const taken: (Readable & { readonly change: RowChange })[] = [];
    for (const input of inputs) {
      const change = this.#compare(input, await this.#storedPackages(input));
      if (change) taken.push({ ...input, change: this.#accept(input, change) });
    }
    const rows = taken.flatMap(({ ref, change }) => {
      const release = packageReleaseOf(this.#os(ref), ref.collector);
      return change.added.map((row) => packageVersionRow(row, release));
    });
    const ids = await this.#enter(rows);
    let next = 0;
    for (const { ref, document, change } of taken) {
      const added = ids.slice(next, (next += change.added.length));
      const removed = change.removed.flatMap(({ id }) => (id === undefined ? [] : [id]));
      this.#inventory(ref).change({ added, removed, rebase: document.kind === 'snapshot' });
    }
    const packages = taken.filter(({ ref }) => packageCollectors.includes(ref.collector));
    await versions.load(packages.flatMap(({ ref }) => packageRefs(ref).flatMap((each) => differenceOf(this.#inventory(each)))));
    for (const { ref } of packages) {
      let count = 0;
      for (const each of packageRefs(ref)) count += await this.#count(this.#inventory(each));
      this.#summaries.of(ref).packages = count;
    }
  }

  async #count({ base, added, removed }: Inventory): Promise<number> {
    const { versions } = this.#memory;
    const countOf = (ids: ReadonlySet<number>) => [...ids].filter((id) => versions.of(id).counts).length;
    const { counted } = await this.#memory.contentsOf(base);
    // Nothing may come between loading and reading: another batch may make room.
    await versions.load([...added, ...removed]);
    return counted - countOf(removed) + countOf(added);
  }

  /** Writes everything. */
  async finish(inputs: readonly DocumentInput[]): Promise<Applied> {
    const facts = await saveFactChanges(this.#tx, this.#memory.bases, this.#factChanges, this.#at);
    await saveInventories(this.#tx, this.#inventories.values(), this.#at);
    await saveStates(this.#tx, this.#accepted, { facts, at: this.#at });
    await forgetDigests(
      this.#tx,
      this.#damaged.filter((ref) => this.#facts(ref).areDamaged),
    );
    await this.#summaries.save(this.#tx, this.#at);
    const results = inputs.flatMap(({ ref }) => this.#results.get(refKey(ref)) ?? []);
    return { results, unjudged: this.#unjudged };
  }

  /** Takes rows that are no packages; null, and the answer is noted, where that is refused. */
  #takeRows(input: Readable): RowChange | null {
    const { ref, document } = input;
    const held = this.#facts(ref);
    if (held.areDamaged && document.kind === 'delta') return this.#refuse(input, 'resend', unreadable);
    const spokenOf = keysOf(input);
    const stored = [...held.rows.values()].filter(({ key }) => spokenOf === null || spokenOf.has(key));
    const change = this.#compare(input, stored);
    if (!change) return null;
    const rows = applyChange(held.rows, change);
    const text = factText(rows);
    if (text === null) return this.#refuse(input, 'rejected', 'more rows than are kept');
    this.#held.set(refKey(ref), { rows, areOld: false });
    this.#factChanges.push({ ref, sequence: document.sequence, change, rows, text, wereOld: held.areOld });
    return this.#accept(input, change);
  }

  #refuse({ ref }: Readable, outcome: 'resend' | 'rejected', reason: string): null {
    const sequence = this.#states.get(refKey(ref))?.sequence ?? 0;
    this.#results.set(refKey(ref), { collector: ref.collector, outcome, sequence, reason });
    return null;
  }

  /** Whether it is known what the asset runs; the answer is noted where it was known once. */
  #hasReadableOs(input: Readable): boolean {
    if (!this.#facts({ ...input.ref, collector: osFact.name }).areDamaged) return true;
    this.#refuse(input, 'rejected', `of the operating system, ${unreadable}`);
    return false;
  }

  /** What the document changes; null, and the answer is noted, for one that is not what it claims. */
  #compare({ ref, document, read }: Readable, stored: readonly StoredRow[]): RowChange | null {
    const state = this.#states.get(refKey(ref));
    const change = compareRows(read, stored);
    const wrong = answerWrongDigest(document, read, { change, state });
    if (wrong) this.#results.set(refKey(ref), wrong);
    return wrong ? null : change;
  }

  #accept(input: Readable, change: RowChange): RowChange {
    const { ref, document, bytes } = input;
    const state = this.#states.get(refKey(ref));
    this.#results.set(refKey(ref), { collector: ref.collector, outcome: 'accepted', sequence: document.sequence });
    const snapshotBytes = document.kind === 'snapshot' ? bytes : (state?.snapshotBytes ?? 0);
    this.#accepted.push({ input, rowCount: this.#rowCount(input, change, state), snapshotBytes });
    return change;
  }

  #rowCount(
    { document, read }: Pick<Readable, 'document' | 'read'>,
    change: RowChange,
    state: CollectorState | undefined,
  ): number {
    if (document.kind === 'snapshot') return read.rows.length;
    return (state?.rowCount ?? 0) + change.added.length - change.removed.length;
  }

  /** A machine upgraded to another release keeps its packages, but another authority speaks of them now. */
  async #reassignPackages(refs: readonly CollectorRef[]): Promise<void> {
    const packages = refs.flatMap(packageRefs);
    await this.#loadInventories(packages);
    const { versions } = this.#memory;
    await versions.load(packages.flatMap((ref) => this.#inventory(ref).ids()));
    for (const ref of packages) {
      const inventory = this.#inventory(ref);
      const { ecosystem, release } = packageReleaseOf(this.#os(ref), ref.collector);
      const others = inventory.ids().filter((id) => {
        const known = versions.of(id);
        return known.ecosystem !== ecosystem || known.release !== release;
      });
      if (others.length === 0) continue;
      const rows = await this.#tx
        .selectFrom('packageVersion')
        .selectAll()
        .where('id', '=', sql<number>`any(${others})`)
        .execute();
      const added = await this.#enter(rows.map((row) => ({ ...row, ecosystem, release })));
      inventory.change({ added, removed: rows.map(({ id }) => id), rebase: true });
    }
  }

  /** The running kernel joins the inventory beside the packages, as a version of its own: it may differ from all on disk. */
  async #takeKernels(assets: readonly AssetRef[]): Promise<void> {
    const all = assets.map(({ organizationId, assetId }) => ({ organizationId, assetId, collector: kernelFact.name }));
    const sources = (ref: CollectorRef): CollectorRef[] => [ref, { ...ref, collector: osFact.name }];
    await this.#loadFacts(all.flatMap(sources));
    const refs = all.filter((ref) => !sources(ref).some((source) => this.#facts(source).areDamaged));
    await this.#loadInventories(refs);
    const running = refs.map((ref) => this.#runningKernel(ref));
    const ids = await this.#enter(running.flatMap((row) => row ?? []));
    for (const [index, ref] of refs.entries()) {
      const inventory = this.#inventory(ref);
      const before = inventory.ids();
      const after = running[index] ? ids.splice(0, 1) : [];
      const added = after.filter((id) => !before.includes(id));
      const removed = before.filter((id) => !after.includes(id));
      if (added.length + removed.length > 0) inventory.change({ added, removed, rebase: true });
    }
  }

  #runningKernel(ref: CollectorRef): PackageVersionRow | null {
    const os = this.#os(ref);
    const { ecosystem, release } = releaseOf(os);
    const kernels = [...this.#facts(ref).rows.values()].map(({ row }) => kernelFact.row.parse(row));
    if (!os || release === '') return null;
    const element = runningKernelElement(kernels, { ecosystem, release, architecture: os.architecture });
    return element && { ...element, state: 'running', module: '', rowHash: hashRow({ ...element }) };
  }

  /** Stored packages that a document speaks of: all for a snapshot. */
  async #storedPackages(input: Readable): Promise<StoredRow[]> {
    const { versions } = this.#memory;
    const inventory = this.#inventory(input.ref);
    const wanted = keysOf(input);
    const { byKey } = await this.#memory.contentsOf(inventory.base);
    const toRow = (id: number): StoredRow => {
      const { key, hash } = versions.of(id);
      return { key, hash: Buffer.from(hash, 'latin1'), id };
    };
    if (wanted === null) {
      const ids = inventory.ids();
      await versions.load(ids);
      return ids.map(toRow);
    }
    const ofBase = [...wanted].flatMap((key) => byKey.get(key) ?? []).filter((id) => !inventory.removed.has(id));
    await versions.load([...ofBase, ...inventory.added]);
    const own = [...inventory.added].filter((id) => wanted.has(versions.of(id).key));
    return [...ofBase, ...own].map(toRow);
  }

  #os(asset: AssetRef) {
    const [kept] = this.#facts({ ...asset, collector: osFact.name }).rows.values();
    return kept && osFact.row.parse(kept.row);
  }

  async #loadFacts(refs: readonly CollectorRef[]): Promise<void> {
    const missing = refs.filter((ref) => !this.#held.has(refKey(ref)));
    for (const [key, held] of await loadReadableFacts(this.#tx, this.#memory.bases, missing)) this.#held.set(key, held);
    this.#damaged.push(...missing.filter((ref) => this.#facts(ref).areDamaged));
  }

  #facts(ref: CollectorRef): HeldFacts {
    const held = this.#held.get(refKey(ref));
    if (!held) throw new Error(`the facts ${refKey(ref)} are not loaded`);
    return held;
  }

  async #loadInventories(refs: readonly CollectorRef[]): Promise<void> {
    const missing = refs.filter((ref) => !this.#inventories.has(refKey(ref)));
    const loaded = await loadInventories(this.#tx, this.#memory.sets, missing);
    for (const [key, inventory] of loaded) this.#inventories.set(key, inventory);
  }

  #inventory(ref: CollectorRef): Inventory {
    const inventory = this.#inventories.get(refKey(ref));
    if (!inventory) throw new Error(`the inventory ${refKey(ref)} is not loaded`);
    return inventory;
  }

  async #enter(rows: readonly PackageVersionRow[]): Promise<number[]> {
    const { ids, fresh } = await this.#memory.versions.enter(rows);
    this.#unjudged += fresh;
    return ids;
  }
}

const unreadable = 'what the platform holds cannot be read; it asks for all of it';

/** Keys that a document speaks of; null for all, which a snapshot does. */
function keysOf({ document, read }: Readable): ReadonlySet<string> | null {
  return document.kind === 'snapshot' ? null : new Set([...read.rows.map(({ key }) => key), ...read.removedKeys]);
}

function differenceOf({ added, removed }: Inventory): number[] {
  return [...added, ...removed];
}

/** All collectors of packages of an asset. */
function packageRefs({ organizationId, assetId }: AssetRef): CollectorRef[] {
  return packageCollectors.map((collector) => ({ organizationId, assetId, collector }));
}
