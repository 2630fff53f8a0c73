import { limits, type Machine } from '@vedette/protocol';

/** A machine that has spoken with this agent's key. Moments are of the platform's clock, in milliseconds. */
export interface KnownMachine {
  readonly incarnation: string;
  readonly hardware: string;
  readonly bootedAt: number;
  readonly firstHeard: number;
  /** It has run at least until then: its boot plus the uptime that it last told. */
  readonly aliveAt: number;
  /** When the last check-in of it came. */
  readonly heardAt: number;
  readonly state: 'current' | 'superseded' | 'clone';
}

/**
 * `asset`: this machine is the asset from now on; the one before was its earlier boot, or is gone.
 * `original`: it is the asset, and the current one turns out to be a clone of it.
 * `clone`: it is a copy of a machine that is alive.
 * `wait`: it may be either; nothing is taken from it yet.
 */
export type MachineVerdict = 'asset' | 'original' | 'clone' | 'wait';

/** How late a message may arrive, and how far two measurements of one boot may lie apart. */
export const slackMs = 60_000;
/** No message is on its way for longer: signatures would have expired on either side of the platform's clock. */
const longestDelayMs = 2 * limits.signatureAgeSeconds * 1000;
/** So long an asset on other hardware waits for a sign of life of the machine it may have been copied from. */
export const patienceMs = 15 * 60_000;

/**
 * Decides who speaks when it is not the current machine. Two machines with one key are told from one that was booted again by the
 * time of the boot: whoever was alive after the other one's boot is another machine. That needs no clock that both share, only the
 * machines' uptimes and the platform's own clock.
 */
export function judgeMachine(machine: Machine, known: readonly KnownMachine[], now: number): MachineVerdict {
  const current = known.find(({ state }) => state === 'current');
  if (!current) return 'asset';
  const before = known.find(({ incarnation }) => incarnation === machine.incarnation);
  if (before?.state === 'clone') return 'clone';
  // A message that was long on its way, or a machine set back to an earlier moment, is not taken for a sign of life of now.
  const bootedAt = before?.bootedAt ?? now - machine.uptimeSeconds * 1000;
  const aliveAt = Math.min(now, bootedAt + machine.uptimeSeconds * 1000);
  const bothLive = before ? aliveAt > current.bootedAt + slackMs : current.aliveAt > bootedAt + slackMs;
  // The platform's clock was set back: nothing follows from times of before.
  const isClockOff = Math.max(current.aliveAt, current.bootedAt) > now + slackMs;
  if (bothLive && !isClockOff) {
    // What was heard once only may have been sent by an earlier boot and come late; a machine that lives will be heard again.
    const isHeardOnce = current.aliveAt <= current.firstHeard;
    if (isHeardOnce && machine.hardware === current.hardware)
      return before || now - current.firstHeard > longestDelayMs ? 'asset' : 'wait';
    if (!isOriginal(machine, bootedAt, { current, known })) return 'clone';
    // The first that is heard of an earlier boot may have been sent before the current one; a machine that lives will be heard again.
    const mayBeLate = !before && machine.hardware === current.hardware && now - current.bootedAt <= longestDelayMs;
    return mayBeLate ? 'wait' : 'original';
  }
  // Of an earlier boot: either late, or the machine was set back to it. Time tells.
  if (before && now - machine.uptimeSeconds * 1000 - bootedAt <= longestDelayMs) return 'wait';
  const mayBeCopy = !before && machine.hardware !== current.hardware;
  return mayBeCopy && now - current.heardAt < patienceMs ? 'wait' : 'asset';
}

/**
 * The boot of the current machine by what it says now. Earlier than it seemed, never: a message can be late. Much later: the running
 * machine was set back to an earlier moment or stood still, and its uptime with it.
 */
export function bootOf({ bootedAt }: Pick<KnownMachine, 'bootedAt'>, { uptimeSeconds }: Machine, now: number): number {
  const told = now - uptimeSeconds * 1000;
  return told - bootedAt > longestDelayMs ? told - longestDelayMs : bootedAt;
}

/** The hardware on which the key was first heard decides; where that tells nothing, the longer running machine is the original. */
function isOriginal(
  machine: Machine,
  bootedAt: number,
  { current, known }: { current: KnownMachine; known: readonly KnownMachine[] },
): boolean {
  const [first] = known.toSorted((a, b) => a.firstHeard - b.firstHeard);
  const isHome = (hardware: string): boolean => hardware === first?.hardware;
  if (isHome(machine.hardware) !== isHome(current.hardware)) return isHome(machine.hardware);
  return bootedAt < current.bootedAt;
}
