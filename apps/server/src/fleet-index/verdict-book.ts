import { CopyOnWrite } from './copy-on-write.ts';
import { type Held, HeldVerdicts } from './held-verdicts.ts';
import { Lending } from './lending.ts';

/** What of a check the index sorts and filters by. */
export interface IndexedCheck {
  readonly number: number;
  readonly name: string;
  /** 1 informational to 5 critical. */
  readonly severity: number;
  readonly exploited: boolean;
  readonly epss: number | null;
  /** The highest base score, 0 to 10. */
  readonly cvss: number | null;
}

/** One verdict `affected` on a package version. Times in ms since 1970. */
export interface IndexedVerdict {
  readonly packageVersion: number;
  readonly check: number;
  /** Knowledge version since which it holds; names it among the verdicts of this package version and check. */
  readonly validFrom: number;
  readonly from: number;
  /** Infinity while it holds. */
  readonly until: number;
  readonly confirmed: boolean;
  /** Not confirmed, and more than information. */
  readonly potential: boolean;
  /** Package of which the advisory speaks, and first version without the flaw, for lists of upgrades; null where there is no fix. */
  readonly upgrade: Upgrade | null;
}

export interface Upgrade {
  readonly ecosystem: string;
  readonly release: string;
  readonly source: string;
  readonly fixed: string;
}

export interface KnownUpgrade extends Upgrade {
  /** The same for all versions of the package in its release. */
  readonly key: string;
}

/** A verdict as kept: the check by its place in the book. */
export interface KnownVerdict extends Omit<IndexedVerdict, 'check' | 'packageVersion' | 'upgrade'> {
  readonly place: number;
  readonly upgrade: KnownUpgrade | null;
}

/** A check, as more than information or as that. */
export interface RankedCheck {
  readonly place: number;
  readonly check: IndexedCheck;
  readonly confirmed: boolean;
  /** What counts: of information the lowest, whatever the check's own. */
  readonly severity: number;
}

function compareChecks(a: IndexedCheck, b: IndexedCheck): number {
  return Number(b.exploited) - Number(a.exploited) || (b.epss ?? -1) - (a.epss ?? -1) || b.number - a.number;
}

const noVerdicts: readonly KnownVerdict[] = [];
const none: ReadonlySet<number> = new Set();

function isSame(one: ReadonlySet<number>, other: ReadonlySet<number>): boolean {
  if (one === other) return true;
  if (one.size !== other.size) return false;
  for (const id of one) if (!other.has(id)) return false;
  return true;
}

/**
 * What the world knew, for all organizations: checks, each with a dense number here, its place, and the verdicts on package versions,
 * those that ended too.
 */
export class VerdictBook {
  readonly checks: IndexedCheck[] = [];
  #places = new CopyOnWrite(new Map<number, number>(), (places) => new Map(places));
  #byPackage = new CopyOnWrite(new Map<number, KnownVerdict[]>(), (verdicts) => new Map(verdicts));
  /** When the last verdict on a package version began; Infinity where one ended. */
  readonly #unquiet = new Map<number, number>();
  /** By place: package versions with a verdict that holds. */
  readonly #packagesOf: Set<number>[] = [];
  /** By place: package versions about which all verdicts that hold are only information. */
  readonly #unsure: (Set<number> | undefined)[] = [];
  /** Of both, by place, and of verdicts, by package version: a book of the past shares with that of now what is the same. */
  readonly #lendingOf = { places: new Lending<number>(), packageVersions: new Lending<number>() };
  /** By place: some verdict is only information about an asset. */
  readonly #mixed: boolean[] = [];
  /** By place, where asked for since its verdicts changed: what names its package versions, and their number. */
  #subjects: (number | undefined)[] = [];
  #subjectNumbers = new CopyOnWrite(new Map<string, number>(), (numbers) => new Map(numbers));
  /** By place. */
  #held = new HeldVerdicts();
  /** When verdicts began or ended: those of knowledge versions. */
  readonly #times = new Set<number>();
  /** The newest of them. */
  newest = 0;
  verdicts = 0;
  #ranking: RankedCheck[] | null = null;
  /** Thousands of verdicts name the same upgrade; they share one object. */
  readonly #upgrades = new Map<string, KnownUpgrade>();

  placeOf(number: number): number | undefined {
    return this.#places.value.get(number);
  }

  /** Enters the newest form of a check and returns its place. */
  enterCheck(check: IndexedCheck): number {
    this.#ranking = null;
    const known = this.#places.value.get(check.number);
    const place = known ?? this.checks.length;
    this.checks[place] = check;
    if (known === undefined) {
      this.#places.own.set(check.number, place);
      this.#lendingOf.places.take(place);
      this.#packagesOf[place] = new Set();
      this.#mixed[place] = false;
    }
    return place;
  }

  /**
   * Every check as found, and some once more as found for information only, in the order in which lists show detections: by the severity
   * that counts, known exploited ones first, then by EPSS and number.
   */
  get ranking(): readonly RankedCheck[] {
    this.#ranking ??= this.checks
      .flatMap((check, place) => [
        { place, check, confirmed: true, severity: check.severity },
        ...(this.isMixed(place) ? [{ place, check, confirmed: false, severity: 1 }] : []),
      ])
      .sort((a, b) => b.severity - a.severity || compareChecks(a.check, b.check) || Number(b.confirmed) - Number(a.confirmed));
    return this.#ranking;
  }

  /** All verdicts ever on a package version. */
  verdictsOn(packageVersion: number): readonly KnownVerdict[] {
    return this.#byPackage.value.get(packageVersion) ?? noVerdicts;
  }

  /** Whether no verdict on it ever ended or began after a moment. */
  isQuiet(packageVersion: number, moment: number): boolean {
    return (this.#unquiet.get(packageVersion) ?? 0) <= moment;
  }

  /** Whether a verdict began or ended at this moment. */
  isKnowledgeTime(at: number): boolean {
    return this.#times.has(at);
  }

  /** Package versions on which there is or was a verdict. */
  packageVersions(): Iterable<number> {
    return this.#byPackage.value.keys();
  }

  /** The package versions of a check by the upgrade that mends them. */
  heldBy(place: number): Held {
    return this.#held.of(place, this.#verdicts);
  }

  readonly #verdicts = {
    checks: this.checks,
    packagesOf: (place: number) => this.packagesOf(place),
    heldOn: (packageVersion: number) => this.verdictsOn(packageVersion).filter(holds),
  };

  packagesOf(place: number): ReadonlySet<number> {
    return this.#packagesOf[place] ?? none;
  }

  /** Package versions with a verdict that holds and is more than information. */
  surePackagesOf(place: number): ReadonlySet<number> {
    const unsure = this.#unsure[place];
    const all = this.packagesOf(place);
    return unsure ? new Set([...all].filter((id) => !unsure.has(id))) : all;
  }

  /**
   * The same number for checks about the same package versions, as information or not: they are found on the same assets. Of a kernel there
   * are thousands. Valid until the next verdict is entered.
   */
  subjectOf(place: number): number {
    const known = this.#subjects[place];
    if (known !== undefined) return known;
    const unsure = this.#unsure[place];
    const key = `${[...this.packagesOf(place)].join()} ${unsure ? [...unsure].join() : ''}`;
    const subject = this.#subjectNumbers.value.get(key) ?? this.#subjectNumbers.value.size;
    if (subject === this.#subjectNumbers.value.size) this.#subjectNumbers.own.set(key, subject);
    this.#subjects[place] = subject;
    return subject;
  }

  /** Whether a check is about the same package versions in a book of the same checks, as information or not. */
  isSameIn(other: VerdictBook, place: number): boolean {
    return (
      isSame(this.packagesOf(place), other.packagesOf(place)) && isSame(this.#unsure[place] ?? none, other.#unsure[place] ?? none)
    );
  }

  isMixed(place: number): boolean {
    return this.#mixed[place] ?? false;
  }

  /** Enters a verdict, new or ended since, and returns what was known of it before. Its check must have been entered. */
  enterVerdict({ packageVersion, check, ...rest }: IndexedVerdict): KnownVerdict | null {
    const verdict = { ...rest, upgrade: rest.upgrade && this.#shared(rest.upgrade) };
    const place = this.#places.value.get(check);
    if (place === undefined) throw new Error(`check ${check} has verdicts but is not known`);
    const list = this.#ownVerdictsOn(packageVersion);
    // A kernel has thousands of verdicts: they are looked through only where one of this check may be among them.
    const mayBeKnown =
      this.packagesOf(place).has(packageVersion) || this.#unquiet.get(packageVersion) === Number.POSITIVE_INFINITY;
    const index = mayBeKnown ? list.findIndex((one) => one.place === place && one.validFrom === verdict.validFrom) : -1;
    const before = list[index] ?? null;
    if (before) list[index] = { ...verdict, place };
    else {
      list.push({ ...verdict, place });
      this.verdicts += 1;
    }
    const last = holds(verdict) ? verdict.from : Number.POSITIVE_INFINITY;
    this.#unquiet.set(packageVersion, Math.max(last, this.#unquiet.get(packageVersion) ?? 0));
    if (!verdict.confirmed && !this.isMixed(place)) {
      this.#mixed[place] = true;
      this.#ranking = null;
    }
    const holding = mayBeKnown ? list.filter((one) => one.place === place && holds(one)) : holds(verdict) ? [verdict] : [];
    this.#noteHolding(place, packageVersion, holding);
    // What checks were about once is forgotten when there is too much of it.
    if (this.#subjectNumbers.value.size > 2 * this.checks.length + 1000) this.#forgetSubjects();
    this.#times.add(verdict.from);
    if (!holds(verdict)) this.#times.add(verdict.until);
    this.newest = Math.max(this.newest, verdict.from, holds(verdict) ? 0 : verdict.until);
    return before;
  }

  #ownVerdictsOn(packageVersion: number): KnownVerdict[] {
    const known = this.#byPackage.value.get(packageVersion);
    const { packageVersions } = this.#lendingOf;
    if (known && packageVersions.isOwn(packageVersion)) return known;
    const own = [...(known ?? [])];
    packageVersions.take(packageVersion);
    this.#byPackage.own.set(packageVersion, own);
    return own;
  }

  /** What verdicts of a check hold of a package version now. */
  #noteHolding(place: number, packageVersion: number, holding: readonly { readonly confirmed: boolean }[]): void {
    this.#takePlace(place);
    if (holding.length > 0) this.#packagesOf[place]?.add(packageVersion);
    else this.#packagesOf[place]?.delete(packageVersion);
    if (holding.length > 0 && holding.every(({ confirmed }) => !confirmed))
      (this.#unsure[place] ??= new Set()).add(packageVersion);
    else this.#unsure[place]?.delete(packageVersion);
    this.#subjects[place] = undefined;
    this.#held.forget(place);
  }

  #takePlace(place: number): void {
    const { places } = this.#lendingOf;
    if (places.isOwn(place)) return;
    places.take(place);
    this.#packagesOf[place] = new Set(this.#packagesOf[place]);
    const unsure = this.#unsure[place];
    if (unsure) this.#unsure[place] = new Set(unsure);
  }

  #lend(): void {
    this.#lendingOf.places.lend();
    this.#lendingOf.packageVersions.lend();
  }

  /** Forgets every verdict on a package version, of which others are entered next. */
  forget(packageVersion: number): void {
    const known = this.verdictsOn(packageVersion);
    for (const { place } of known) this.#noteHolding(place, packageVersion, []);
    this.#byPackage.own.delete(packageVersion);
    this.#unquiet.delete(packageVersion);
    this.verdicts -= known.length;
  }

  /** A book of all checks with the verdicts alone that held at a moment. It takes as long as to look through those that came or ended since. */
  at(moment: number): VerdictBook {
    // Worked out here, those of most checks serve every moment.
    for (const place of this.checks.keys()) this.subjectOf(place);
    this.#held.fill(this.#verdicts);
    const past = new VerdictBook();
    past.checks.push(...this.checks);
    [past.#places, past.#byPackage] = [this.#places.copy(), this.#byPackage.copy()];
    past.#packagesOf.push(...this.#packagesOf);
    past.#unsure.push(...this.#unsure);
    past.#mixed.push(...this.#mixed);
    past.#subjects = [...this.#subjects];
    past.#subjectNumbers = this.#subjectNumbers.copy();
    past.#held = this.#held.copy();
    past.#ranking = this.#ranking;
    past.verdicts = this.verdicts;
    this.#lend();
    past.#lend();
    for (const [packageVersion, last] of this.#unquiet) if (last > moment) past.#keepHeld(packageVersion, moment);
    for (const at of this.#times) if (at <= moment) past.newest = Math.max(past.newest, at);
    return past;
  }

  /** Leaves of the verdicts on a package version those that held at a moment, as if they had not ended. */
  #keepHeld(packageVersion: number, moment: number): void {
    const known = this.verdictsOn(packageVersion);
    const held = known
      .filter(({ from, until }) => from <= moment && moment < until)
      .map((verdict) => (holds(verdict) ? verdict : { ...verdict, until: Number.POSITIVE_INFINITY }));
    const byPlace = Map.groupBy(held, ({ place }) => place);
    for (const place of new Set(known.map(({ place }) => place)))
      this.#noteHolding(place, packageVersion, byPlace.get(place) ?? []);
    this.verdicts += held.length - known.length;
    if (held.length > 0) this.#byPackage.own.set(packageVersion, held);
    else this.#byPackage.own.delete(packageVersion);
  }

  #forgetSubjects(): void {
    this.#subjectNumbers.replace(new Map());
    this.#subjects = [];
  }

  #shared(upgrade: Upgrade): KnownUpgrade {
    const key = `${upgrade.ecosystem} ${upgrade.release} ${upgrade.source}`;
    const known = this.#upgrades.get(`${key} ${upgrade.fixed}`) ?? { ...upgrade, key };
    this.#upgrades.set(`${key} ${upgrade.fixed}`, known);
    return known;
  }
}

/** Whether a verdict holds now, as far as is known. */
export function holds(verdict: { readonly until: number }): boolean {
  return verdict.until === Number.POSITIVE_INFINITY;
}
