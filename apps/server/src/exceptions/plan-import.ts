import type { ImportedException, VexReading } from './import-vex.ts';
import type { Echo, KnownException } from './known-vex.ts';

type Why = 'withdrawn' | 'changed' | 'widened';

export interface Upheld {
  readonly known: KnownException;
  readonly echo: Echo;
}

/** What something that is said can be held by. */
type Holder = KnownException | ImportedException | Upheld;

/** What an import does, beside what was imported before. */
export interface ImportPlan {
  readonly asked: readonly ImportedException[];
  readonly unchanged: readonly KnownException[];
  readonly replaced: readonly { readonly known: KnownException; readonly why: Why }[];
  /** Of what is replaced, what another document says, too: it stands again, as it was decided. */
  readonly upheld: readonly Upheld[];
  /** What else other documents say, with what holds for it from now on. */
  readonly moved: readonly { readonly echo: Echo; readonly to: Holder }[];
  /** What the document says that was asked for before. */
  readonly echoed: ReadonlyMap<ImportedException, KnownException>;
  readonly skipped: VexReading['skipped'];
  /** A newer version of the document is known. */
  readonly isOutdated: boolean;
}

/**
 * Asks nobody twice: what was asked for before by any document, and was not taken back by a newer version of it, stands as it was decided.
 * What an earlier version of this document asked for and this one says no more ends, whoever approved it (OpenVEX 0.2.0: a document
 * with a higher version takes the place of the former). `mayEnd`: whether whoever imports may end it.
 */
export function planImport(
  reading: VexReading,
  known: readonly KnownException[],
  mayEnd: (exception: KnownException) => boolean,
): ImportPlan {
  const own = known.filter(
    (one) =>
      reading.id !== null && one.document === reading.id && (one.state === 'requested' || one.state === 'active') && mayEnd(one),
  );
  const replaced = own.flatMap((one): { known: KnownException; why: Why }[] => {
    const why = whyNoMore(one, reading);
    return why === null ? [] : [{ known: one, why }];
  });
  const gone = new Set(replaced.map((one) => one.known));
  const echoed = new Map<ImportedException, KnownException>();
  const asked: ImportedException[] = [];
  for (const statement of reading.asked) {
    const pairs = pairsOf(statement);
    const same = known.find((one) => !gone.has(one) && saysTheSame(one, statement) && pairs.every((pair) => one.pairs.has(pair)));
    if (same) echoed.set(statement, same);
    else asked.push(statement);
  }
  const unchanged = new Set(echoed.values());
  // What waits for somebody is asked once: the wider request takes the place of the narrower one.
  for (const one of own) {
    if (gone.has(one) || unchanged.has(one) || one.state !== 'requested') continue;
    const wider = asked.some((statement) => saysTheSame(one, statement) && statement.query === one.query);
    if (wider) replaced.push({ known: one, why: 'widened' });
  }
  const ending = new Set(replaced.map((one) => one.known));
  const standing = known.filter((one) => !ending.has(one));
  const { upheld, moved } = holdEchoes(ending, { standing, asked });
  return { asked, unchanged: [...unchanged], replaced, upheld, moved, echoed, skipped: reading.skipped, isOutdated: false };
}

/** What becomes of what other documents say, when the exceptions that held for it end. */
function holdEchoes(
  ending: ReadonlySet<KnownException>,
  { standing, asked }: { readonly standing: readonly KnownException[]; readonly asked: readonly ImportedException[] },
): Pick<ImportPlan, 'upheld' | 'moved'> {
  const upheld: Upheld[] = [];
  const moved: { echo: Echo; to: Holder }[] = [];
  for (const known of ending) {
    // One that came to an exception of its own document says nothing more.
    for (const echo of known.echoes.filter(({ document }) => document === null || document !== known.document)) {
      const pairs = pairsOf(echo);
      const holds = (one: Pick<KnownException, 'status' | 'justification'>, own: ReadonlySet<string>): boolean =>
        saysTheSame(one, known) && pairs.every((pair) => own.has(pair));
      const to =
        standing.find((one) => holds(one, one.pairs)) ??
        asked.find((one) => holds(one, new Set(pairsOf(one)))) ??
        upheld.find((one) => holds(one.known, new Set(pairsOf(one.echo))));
      if (to) moved.push({ echo, to });
      else upheld.push({ known, echo });
    }
  }
  return { upheld, moved };
}

/** Null where the document still says it, of all that it was given for and that is still known. */
function whyNoMore(exception: KnownException, { owners, affected, queries }: VexReading): 'withdrawn' | 'changed' | null {
  let isSaid = queries.has(exception.query);
  for (const pair of exception.pairs) {
    const owner = owners.get(pair);
    if (owner && !saysTheSame(exception, owner)) return 'changed';
    if (!owner && affected.has(pair)) return 'withdrawn';
    isSaid ||= owner !== undefined;
  }
  return isSaid ? null : 'withdrawn';
}

function saysTheSame(
  one: Pick<KnownException, 'status' | 'justification'>,
  other: Pick<VexReading['asked'][number], 'justification'> & { status: unknown },
): boolean {
  return one.status === other.status && one.justification === other.justification;
}

function pairsOf({ checks }: Pick<ImportedException, 'checks'>): string[] {
  return [...checks].flatMap(([check, ids]) => [...ids].map((id) => `${check} ${id}`));
}
