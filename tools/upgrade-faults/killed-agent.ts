/**
 * What the launcher starts in runs of real processes: the upgrade's own code with a release in place of an agent. Its bundle is the text of
 * its version. Ends with 0 when nothing is left to do, with 75 to be started again.
 */
import { hash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { realDisk } from '../../apps/agent/src/upgrade/disk.ts';
import { PartialFile } from '../../apps/agent/src/upgrade/partial-file.ts';
import { Slots } from '../../apps/agent/src/upgrade/slots.ts';
import type { SlotName } from '../../apps/agent/src/upgrade/upgrade-state.ts';
import { newCode } from './real-kills.ts';

const [, , bundle = '', directory = ''] = process.argv;
const code = readFileSync(bundle);
const upgrade = join(directory, 'state/upgrade');
const [line = ''] = readFileSync(join(directory, 'lib/release'), 'utf8').split('\n');
const [version = '', baseCode = '', runtime = ''] = line.split(' ');
const now = (): string => new Date().toISOString();
const slots = new Slots({ disk: realDisk, directory: upgrade, base: { line, version, code: baseCode, runtime }, now });
const running = { slot: process.env['VEDETTE_SLOT'] as SlotName, attempt: process.env['VEDETTE_ATTEMPT'] ?? '' }; // from the launcher

const state = slots.settle(running);
if (state.trial) slots.commit();
const { last, isUnreported } = slots.state;
if (last && isUnreported) {
  appendFileSync(join(directory, 'reports'), `${last.attempt} ${last.to} ${last.outcome}\n`);
  slots.noteReported(last.attempt);
}
const wanted = { version: '2.0.0', code: hash('sha256', newCode), runtime };
const isDone = hash('sha256', code) === wanted.code || slots.refusalOf(wanted) !== null;
if (!isDone) {
  const path = join(upgrade, 'download/code');
  const file = new PartialFile(realDisk, path, { bytes: newCode.length, sha256: wanted.code });
  while (file.bytes < newCode.length) file.append(newCode.subarray(file.bytes, file.bytes + 4096));
  if (!file.finish()) throw new Error('there is more to come');
  slots.beginTrial(
    slots.stage(wanted, { code: path, runtime: null }),
    wanted,
    hash('sha256', String(process.pid) + now()).slice(0, 16),
  );
}
process.exitCode = isDone ? 0 : 75;
