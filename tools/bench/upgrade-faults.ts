import { Launcher } from '../upgrade-faults/launch.ts';
import { killedRun, type KilledRun } from '../upgrade-faults/real-kills.ts';
import { rollBackSeconds } from '../upgrade-faults/roll-back-times.ts';
import { hasFailed, simulate, stories, type StoryEnd } from '../upgrade-faults/simulate.ts';

export const name = 'upgrade-faults';
export const options = {
  points: 'how many simulated crashes (1000)',
  kills: 'upgrades by real processes that are killed (30)',
  verbose: '1: print each story that fails to stderr',
};

/** Upgrades whose process or machine ends at every step; see tools/upgrade-faults. */
export async function run({ points = 1000, kills = 30, verbose = 0 }: Readonly<Record<string, number>> = {}): Promise<object> {
  const startedAt = performance.now();
  using launcher = new Launcher();
  const ends: StoryEnd[] = [];
  for (const story of stories(points, launcher)) {
    const end = simulate(story, launcher);
    ends.push(end);
    if (hasFailed(end) && verbose === 1) process.stderr.write(`${JSON.stringify(end)}\n`);
    if (ends.length % 500 === 0) process.stderr.write(`${ends.length} stories\n`);
  }
  const killed: KilledRun[] = [];
  for (let seed = 1; seed <= kills; seed += 1) killed.push(await killedRun(seed));
  const count = (holds: (end: StoryEnd) => boolean): number => ends.filter(holds).length;
  return {
    points: ends.reduce((sum, { story }) => sum + story.crashes.length, 0),
    crashed: ends.reduce((sum, { crashed }) => sum + crashed, 0),
    powerCuts: ends.reduce((sum, { story }) => sum + story.crashes.filter(({ power }) => power).length, 0),
    stories: ends.length,
    bricked: count(({ bricked }) => bricked),
    old: count(({ end }) => end === 'old'),
    new: count(({ end }) => end === 'new'),
    wrongEnd: count(({ isRight }) => !isRight),
    unreported: count(({ unreported }) => unreported),
    failed: count(hasFailed),
    realRuns: killed.length,
    realKills: killed.reduce((sum, run) => sum + run.kills, 0),
    realBricked: killed.filter(({ bricked }) => bricked).length,
    realOld: killed.filter(({ end }) => end === 'old').length,
    realNew: killed.filter(({ end }) => end === 'new').length,
    realUnreported: killed.filter(({ unreported }) => unreported).length,
    rollBackOfCrashSeconds: await rollBackSeconds('crashes'),
    rollBackOfHangSeconds: await rollBackSeconds('hangs'),
    seconds: Math.round((performance.now() - startedAt) / 1000),
  };
}
