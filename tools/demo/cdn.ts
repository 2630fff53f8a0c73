/** `npm run demo:cdn`: agents of three regions upgrade from their edges, while edges die and lie and a release is bad. */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { nginxRefusal } from '@vedette/testkit';
import { enclosed, endOfInput } from './cdn/enclosure.ts';
import { Report } from './cdn/report.ts';
import { show } from './cdn/show.ts';

const help = `Shows how releases reach agents: three regions in network namespaces, with delay and loss (tc netem) between them and the
platform where the kernel can do that; in each an edge (Debian's nginx with the shipped configuration, TLS) and an installed agent with the
real launcher. Edges give 60 kB a second, so that a download can be watched.

Usage: npm run demo:cdn [-- --json]

 1. All agents get 1.1.0. The edge of EMEA is killed in mid-download; that of APAC hands out altered bytes.
 2. The edge of EMEA comes back.
 3. All agents get 1.2.0, which ends as soon as it runs: each goes back to 1.1.0 by itself.
 4. All edges are killed. All agents get 1.3.0, from the platform.

  --json   nothing but one object at the end: each thing that had to be seen, and what showed it
  --help   this text

Takes some two minutes. Needs root, iproute2 and nginx. This machine stays as it is.
Exit code 0: all was seen; 1: something was not; 64: wrong arguments; 130: it was stopped.
`;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      inside: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const refusal = whyNot();
  if (refusal !== null) {
    process.stderr.write(`demo: ${refusal}\n`);
    return 1;
  }
  if (!values.inside) return enclosed([process.execPath, import.meta.filename, '--inside', ...args]);
  const report = new Report({ isQuiet: values.json });
  let problem: string | null = null;
  try {
    await show(report, endOfInput());
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  const isSeen = problem === null && report.isAllSeen;
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ isSeen, seconds: report.seconds, problem, proofs: report.proofs })}\n`);
  } else {
    process.stdout.write(`\n${isSeen ? 'All of it was seen' : 'Not all of it was seen'}, in ${Math.round(report.seconds)} s.\n`);
    if (problem !== null) process.stderr.write(`demo: ${problem}\n`);
  }
  return isSeen ? 0 : 1;
}

function whyNot(): string | null {
  if (process.getuid?.() !== 0) return 'it needs root, for network namespaces';
  for (const tool of ['ip', 'tc', 'unshare'])
    if (spawnSync(tool, ['--help'], { stdio: 'ignore' }).error)
      return `there is no ${tool} (Debian: apt-get install iproute2 util-linux)`;
  return nginxRefusal();
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 64;
}
// A platform, agents or connections that somebody still holds shall not hold this.
process.exit();
