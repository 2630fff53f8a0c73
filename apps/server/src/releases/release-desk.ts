import type { ContentKind, DesiredRelease, ReleaseRule, UpgradeReport } from '@vedette/protocol';
import { sql } from 'kysely';
import type { KnownAgent } from '../agents/store.ts';
import type { Context } from '../context.ts';
import { unlessUnavailable } from '../http/unless-unavailable.ts';
import { assetsByQueryTag } from '../tags/assets-by-query-tag.ts';
import type { ProfileBoard } from '../profiles/profile-board.ts';
import { decideRelease, type ReleaseWishes, rulesFor } from './decide-release.ts';
import type { ReleaseKeeper } from './release-keeper.ts';
import { readAssetReleases, readWishes } from './wishes-store.ts';

/** So long another server's change may go unnoticed. */
const wishesMs = 5000;
const maxRemembered = 250_000;
const outcomes = new Set<UpgradeReport['state']>(['committed', 'rolled-back', 'failed']);

interface Wanted extends ReleaseWishes {
  readonly assets: Awaited<ReturnType<typeof readAssetReleases>>;
  /** Ids of assets by tags that have a query, of those that rings and rules name. */
  readonly byQuery: Awaited<ReturnType<typeof assetsByQueryTag>>;
}

type Sources = Pick<Context, 'db' | 'clock' | 'log' | 'fleetIndex' | 'config'>;

/** Tells agents at check-in which release they shall have, and keeps what they say of it. */
export class ReleaseDesk {
  readonly #context: Sources;
  readonly #keeper: ReleaseKeeper;
  readonly #profiles: Pick<ProfileBoard, 'of'>;
  readonly #wanted = new Map<string, { readonly wanted: Promise<Wanted>; readonly readAt: number }>();
  /** What each agent said and was told last, so that a check-in without news costs no query. */
  readonly #known = new Map<string, { readonly said: string; readonly previous: string | null }>();

  constructor(
    context: Sources,
    { keeper, profiles }: { readonly keeper: ReleaseKeeper; readonly profiles: Pick<ProfileBoard, 'of'> },
  ) {
    this.#context = context;
    this.#keeper = keeper;
    this.#profiles = profiles;
  }

  /** Somebody changed what this organization wants. */
  forget(organizationId: string): void {
    this.#wanted.delete(organizationId);
  }

  /**
   * Undefined for agents that cannot upgrade themselves, which fetch by the older endpoint; and while it is not known which assets have
   * the tags that rings and rules name, and which profiles are for it: nothing is upgraded then.
   */
  async answer(agent: KnownAgent, report: UpgradeReport | undefined): Promise<DesiredRelease | undefined> {
    if (report === undefined) return undefined;
    const now = this.#context.clock();
    const wanted = await unlessUnavailable(this.#wishes(agent.organizationId));
    const profiles = await this.#profiles.of(agent);
    if (!wanted || !profiles) return undefined;
    const asset = wanted.assets.get(agent.assetId);
    const known = await this.#remembered(agent);
    const changed = known.running !== null && known.running !== report.agent;
    const previous = changed ? known.running : known.previous;
    const desired = decideRelease({
      wishes: wanted,
      assetId: agent.assetId,
      pin: asset?.pin ?? null,
      tags: tagsOf(wanted, agent.assetId),
      profiles: profiles.layers.map(({ upgrades }) => upgrades),
      report,
      previous,
      isPublished: (subject, version) =>
        subject === 'agent'
          ? this.#keeper.hasProgram('agent', report.platform, version)
          : this.#keeper.hasContent(subject satisfies ContentKind, version),
      now,
    });
    await this.#note(agent, report, { desired, previous, now, known });
    const expiring = this.#keeper.roles().flatMap(({ role, expiresAt, level }) => (level === 'ok' ? [] : [{ role, expiresAt }]));
    return { ...desired, ...(expiring.length > 0 ? { expiring } : {}) };
  }

  /** The rules that hold for an asset, the strongest first. Throws ApiError UNAVAILABLE while its tags are not known. */
  async rulesOf(organizationId: string, assetId: string): Promise<{ number: number; rule: ReleaseRule }[]> {
    const wanted = await this.#wishes(organizationId);
    return rulesFor(wanted.rules, tagsOf(wanted, assetId));
  }

  async #wishes(organizationId: string): Promise<Wanted> {
    const kept = this.#wanted.get(organizationId);
    const now = performance.now();
    if (kept && now - kept.readAt < wishesMs) return kept.wanted;
    const { db } = this.#context;
    const read = Promise.all([readWishes(db, organizationId), readAssetReleases(db, organizationId)]);
    const wanted = read.then(async ([wishes, assets]) => {
      const rings = [...wishes.open.values()].flatMap((rollout) => rollout.rings);
      const named = new Set([...rings, ...wishes.rules].flatMap(({ tags }) => tags));
      return { ...wishes, assets, byQuery: await assetsByQueryTag(this.#context, organizationId, named) };
    });
    this.#wanted.set(organizationId, { wanted, readAt: now });
    // What could not be read is read again by the next agent.
    wanted.catch(() => this.#wanted.delete(organizationId));
    return wanted;
  }

  async #remembered({ organizationId, assetId }: KnownAgent): Promise<Known> {
    const kept = this.#known.get(assetId);
    if (kept) return { ...kept, running: kept.said.split(' ', 1)[0] ?? null };
    const row = await this.#context.db
      .selectFrom('agentUpgrade')
      .select(['version', 'previous'])
      .where('organizationId', '=', organizationId)
      .where('assetId', '=', assetId)
      .executeTakeFirst();
    return { said: '', running: row?.version ?? null, previous: row?.previous ?? null };
  }

  async #note(
    { organizationId, assetId }: KnownAgent,
    report: UpgradeReport,
    { desired, previous, now, known }: { desired: DesiredRelease; previous: string | null; now: Date; known: Known },
  ): Promise<void> {
    const told = [desired.agent ?? null, desired.held ?? null];
    const said = `${report.agent} ${JSON.stringify([report, told])}`;
    if (known.said === said) return;
    const { agent: version, platform, runtime, state, target = null, reason = null } = report;
    const row = { platform, version, previous, runtime, state, target, reason, since: new Date(report.since) };
    const rest = { report: JSON.stringify(report), desired: desired.agent ?? null, held: desired.held ?? null, reportedAt: now };
    await this.#context.db.transaction().execute(async (tx) => {
      const before = await tx
        .selectFrom('agentUpgrade')
        .select(['state', 'target', 'since'])
        .where('organizationId', '=', organizationId)
        .where('assetId', '=', assetId)
        .forUpdate()
        .executeTakeFirst();
      await tx
        .insertInto('agentUpgrade')
        .values({ organizationId, assetId, ...row, ...rest, desiredAt: now })
        .onConflict((conflict) =>
          conflict.columns(['organizationId', 'assetId']).doUpdateSet({
            ...row,
            ...rest,
            // Since when it is wanted: agents that vanish after that count as lost.
            desiredAt: sql`case when agent_upgrade.desired is distinct from excluded.desired then excluded.desired_at else agent_upgrade.desired_at end`,
          }),
        )
        .execute();
      const isNews = before?.state !== state || before.target !== target || before.since.getTime() !== row.since.getTime();
      if (!isNews || !outcomes.has(state)) return;
      const { detail = '', bytes = null, origins = [] } = report;
      await tx
        .insertInto('releaseEvent')
        .values({
          organizationId,
          at: now,
          kind: `upgrade-${state}`,
          assetId,
          version: target,
          detail: JSON.stringify({ reason, detail, bytes, origins, running: version }),
        })
        .execute();
      this.#context.log.info(
        { audit: 'upgrade', organizationId, assetId, version: target, state, reason, detail },
        'an upgrade ended',
      );
    });
    if (this.#known.size >= maxRemembered) this.#known.clear();
    this.#known.set(assetId, { said, previous });
  }
}

function tagsOf({ assets, byQuery }: Wanted, assetId: string): string[] {
  const fitting = [...byQuery].flatMap(([name, ids]) => (ids.has(assetId) ? [name] : []));
  return [...(assets.get(assetId)?.tags ?? []), ...fitting];
}

interface Known {
  readonly said: string;
  readonly running: string | null;
  readonly previous: string | null;
}
