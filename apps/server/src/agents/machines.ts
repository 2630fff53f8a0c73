import type { CheckInReply, Machine } from '@vedette/protocol';
import type { Context } from '../context.ts';
import { AgentProblem } from './agent-problem.ts';
import { makeCloneTicket } from './clone-ticket.ts';
import { bootOf, judgeMachine, type KnownMachine, type MachineVerdict } from './judge-machine.ts';
import { findMachines, lockMachines, saveMachine } from './machine-store.ts';
import { schedule } from './schedule.ts';
import type { KnownAgent } from './store.ts';

interface Current {
  readonly machine: KnownMachine;
  /** When it is compared with the database again: another server may have met another machine. */
  readonly until: number;
}

const rememberedMs = 5 * 60_000;
const maxRemembered = 250_000;

/**
 * Keeps apart machines that speak with one key. The current machine of every agent is kept in memory, so that a check-in or a
 * sync of it costs no query; anything else is judged by `judgeMachine` and written down.
 */
export class Machines {
  readonly #context: Pick<Context, 'db' | 'clock' | 'platformKey'>;
  readonly #current = new Map<string, Current>();

  constructor(context: Pick<Context, 'db' | 'clock' | 'platformKey'>) {
    this.#context = context;
  }

  /**
   * Before a check-in is taken. Null: it comes from the asset. Otherwise the answer to give instead, for the asset's state must not
   * be touched. Agents before 0.2 do not say who they are and are believed.
   */
  async meet(agent: KnownAgent, machine: Machine | undefined): Promise<CheckInReply | null> {
    if (!machine) return null;
    const now = this.#context.clock().getTime();
    const current = this.#remembered(agent.id, now);
    if (current?.incarnation === machine.incarnation && bootOf(current, machine, now) === current.bootedAt) {
      const aliveAt = Math.max(current.aliveAt, Math.min(now, current.bootedAt + machine.uptimeSeconds * 1000));
      this.#remember(agent.id, { ...current, aliveAt, heardAt: now }, this.#current.get(agent.id)?.until ?? now);
      return null;
    }
    const verdict = await this.#judge(agent, machine, now);
    if (verdict === 'asset' || verdict === 'original') return null;
    const nothing = { resend: [], schedule };
    if (verdict === 'wait') return { ...nothing, held: true };
    const clone = { agentId: agent.id, incarnation: machine.incarnation };
    const ticket = makeCloneTicket(this.#context.platformKey, clone, Math.floor(now / 1000));
    return { ...nothing, reenroll: { reason: 'cloned', ticket } };
  }

  /** Before documents are taken. Throws AgentProblem CHECK_IN_FIRST for any machine but the current one. */
  async require(agent: KnownAgent, incarnation: string | undefined): Promise<void> {
    if (incarnation === undefined) return;
    const now = this.#context.clock().getTime();
    const current = this.#remembered(agent.id, now) ?? (await this.#load(agent, now));
    if (current?.incarnation === incarnation) return;
    throw new AgentProblem('CHECK_IN_FIRST', 'The platform does not know this machine as the asset; check in first.');
  }

  #remembered(agentId: string, now: number): KnownMachine | null {
    const current = this.#current.get(agentId);
    return current && current.until > now && current.until <= now + rememberedMs ? current.machine : null;
  }

  #remember(agentId: string, machine: KnownMachine, until: number): void {
    if (this.#current.size >= maxRemembered) this.#current.clear();
    this.#current.set(agentId, { machine, until });
  }

  async #load(agent: KnownAgent, now: number): Promise<KnownMachine | null> {
    const found = (await findMachines(this.#context.db, agent)).find(({ state }) => state === 'current');
    if (!found) return null;
    const machine = this.#withLife(agent.id, found);
    this.#remember(agent.id, machine, now + rememberedMs);
    return machine;
  }

  async #judge(agent: KnownAgent, machine: Machine, now: number): Promise<MachineVerdict> {
    const { verdict, current } = await this.#context.db.transaction().execute(async (tx) => {
      await lockMachines(tx, agent);
      const known = (await findMachines(tx, agent)).map((each) => this.#withLife(agent.id, each));
      const previous = known.find(({ state }) => state === 'current');
      const before = known.find(({ incarnation }) => incarnation === machine.incarnation);
      const bootedAt = before ? bootOf(before, machine, now) : now - machine.uptimeSeconds * 1000;
      const aliveAt = Math.min(now, bootedAt + machine.uptimeSeconds * 1000);
      const self = { ...machine, bootedAt, firstHeard: before?.firstHeard ?? now, aliveAt, heardAt: now };
      const judged = before && before === previous ? 'asset' : judgeMachine(machine, known, now);
      if (judged === 'clone') await saveMachine(tx, agent, { ...self, state: 'clone' });
      if (judged === 'clone' || judged === 'wait') return { verdict: judged, current: previous };
      if (previous && previous !== before)
        await saveMachine(tx, agent, { ...previous, state: judged === 'original' ? 'clone' : 'superseded' });
      const next = { ...self, state: 'current' as const };
      await saveMachine(tx, agent, next);
      return { verdict: judged, current: next };
    });
    if (current) this.#remember(agent.id, current, now + rememberedMs);
    return verdict;
  }

  /** What is known in memory of the current machine is newer than what the database says. */
  #withLife(agentId: string, machine: KnownMachine): KnownMachine {
    const current = this.#current.get(agentId)?.machine;
    if (machine.state !== 'current' || current?.incarnation !== machine.incarnation) return machine;
    return { ...machine, aliveAt: current.aliveAt, heardAt: Math.max(current.heardAt, machine.heardAt) };
  }
}
