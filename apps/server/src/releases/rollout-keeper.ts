import type { Context } from '../context.ts';
import { changeRolloutState } from './change-rollout.ts';
import type { ReleaseDesk } from './release-desk.ts';
import type { ReleaseKeeper } from './release-keeper.ts';
import { breachOf, readProgress } from './rollout-progress.ts';
import { gateOf, type RolloutRow } from './wishes-store.ts';

const lookMs = 30_000;
const hourMs = 3600_000;

interface Parts {
  readonly context: Pick<Context, 'db' | 'clock' | 'log'>;
  readonly keeper: ReleaseKeeper;
  readonly desk: ReleaseDesk | null;
}

/** Watches open roll-outs: stops them when agents fail, and opens the next ring when the gate says so. Several servers may do it at once. */
export class RolloutKeeper implements AsyncDisposable {
  readonly #parts: Parts;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), lookMs).unref();
  }

  /** Judges every open roll-out once. Never throws. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { db, log } = this.#parts.context;
    try {
      const rows = await db.selectFrom('rollout').selectAll().where('state', '=', 'running').execute();
      for (const row of rows) await this.#judge(row);
    } catch (error) {
      log.warn({ err: error }, 'roll-outs could not be judged');
    }
  }

  async #judge(row: RolloutRow): Promise<void> {
    const { db, clock } = this.#parts.context;
    const now = clock();
    const gate = gateOf(row);
    const progress = await readProgress(db, row, now);
    const breach = this.#revoked(row) ?? breachOf(progress, gate);
    if (breach !== null) {
      const action = gate.onBreach === 'roll-back' || this.#revoked(row) !== null ? 'roll-back' : 'pause';
      return this.#act(row, action, breach);
    }
    const hours = (now.getTime() - row.ringSince.getTime()) / hourMs;
    const isSettled = progress.done > 0 && progress.upgrading === 0;
    if (gate.promoteAfterHours !== null && hours >= gate.promoteAfterHours && isSettled) {
      await this.#act(row, 'promote', `healthy for ${gate.promoteAfterHours} hours: ${progress.done} agents have it`);
    }
  }

  /** Signed metadata names the version no more. Without metadata nothing is said. */
  #revoked({ subject, version }: RolloutRow): string | null {
    const { keeper } = this.#parts;
    if (keeper.published === null) return null;
    const targets = Object.entries(
      subject === 'agent' ? keeper.published.code.signed.targets : keeper.published.content.signed.targets,
    );
    const isThere = targets.some(([, { custom }]) => {
      if (custom.kind === 'program') return subject === custom.product && custom.version === version;
      return custom.kind === 'content' && custom.content === subject && custom.version === version;
    });
    return isThere ? null : 'the release was revoked';
  }

  async #act(row: RolloutRow, action: 'pause' | 'roll-back' | 'promote', reason: string): Promise<void> {
    const { context, desk } = this.#parts;
    await changeRolloutState(context.db, row, { action, reason, now: context.clock() });
    desk?.forget(row.organizationId);
    const { organizationId, id: rolloutId, version } = row;
    context.log.warn({ audit: 'rollout', organizationId, rolloutId, version, action, reason }, 'the health gate acted');
  }
}
