import { numberSettings } from '@vedette/protocol';

/** In the long run, whatever the platform wants: as if somebody had set the least interval there is. */
const everyMs = numberSettings.checkInSeconds.min * 1000;
/** So many at once after a quiet time: to fetch news and to say that it was taken, while somebody tries settings out. */
const burst = 6;

/** When the agent may check in before its time because the platform wants it to. */
export class CheckInPace {
  #left = burst;
  #at = 0;

  /** A check-in was made at this moment of a clock that nobody sets, in milliseconds. */
  made(now: number): void {
    this.#left = Math.max(0, this.#leftAt(now) - 1);
    this.#at = now;
  }

  /** The earliest moment for the next one. */
  soonest(now: number): number {
    return now + Math.max(0, 1 - this.#leftAt(now)) * everyMs;
  }

  #leftAt(now: number): number {
    return Math.min(burst, this.#left + (now - this.#at) / everyMs);
  }
}
