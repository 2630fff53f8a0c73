import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realDisk } from './disk.ts';
import { type BaseRelease, type Running, Slots } from './slots.ts';
import { formatState, parseState, type SlotContent, type Why } from './upgrade-state.ts';

const launcher = join(import.meta.dirname, '../../../../deploy/agent/vedette-agent');
const unhealthy: Why = { code: 'unhealthy', text: 'it was not well' };

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-slots-'));
  mkdirSync(join(directory, 'lib'));
  // A runtime that says which bundle it was given.
  writeFileSync(
    join(directory, 'lib/node'),
    '#!/bin/sh\nfor arg; do case $arg in *.mjs) bundle=$arg ;; esac; done\necho "$VEDETTE_SLOT $VEDETTE_ATTEMPT $(cat "$bundle")"\n',
    { mode: 0o755 },
  );
  install('1.0.0');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const upgrade = (): string => join(directory, 'state/upgrade');
let base: BaseRelease;

function install(version: string): void {
  const code = hash('sha256', version);
  const runtime = hash('sha256', 'runtime');
  base = { version, code, runtime, line: `${version} ${code} ${runtime}` };
  writeFileSync(join(directory, 'lib/agent.mjs'), version);
  writeFileSync(join(directory, 'lib/release'), `${base.line}\n`);
}

function slots(): Slots {
  return new Slots({ disk: realDisk, directory: upgrade(), base, now: () => '2026-11-22T12:00:00Z' });
}

/** What the launcher starts: slot, attempt and bundle. */
function launch(command = 'run', more: Readonly<Record<string, string>> = {}): string {
  const environment = {
    PATH: '/usr/bin:/bin',
    VEDETTE_LIB: join(directory, 'lib'),
    VEDETTE_CONF: '/nonexistent',
    VEDETTE_GUARD_SECONDS: '0',
  };
  const env = { ...environment, VEDETTE_STATE_DIR: join(directory, 'state'), ...more };
  return execFileSync('sh', [launcher, command], { env, encoding: 'utf8' }).trim();
}

function contentOf(version: string): SlotContent {
  return { version, code: hash('sha256', version), runtime: base.runtime };
}

/** Puts a version on trial. */
function tryVersion(version: string, attempt: string): SlotContent {
  const download = join(upgrade(), 'download');
  mkdirSync(download, { recursive: true });
  writeFileSync(join(download, 'code'), version);
  const slot = slots().stage(contentOf(version), { code: join(download, 'code'), runtime: null });
  slots().beginTrial(slot, contentOf(version), attempt);
  return contentOf(version);
}

const running = (launched: string): Running => {
  const [slot, attempt] = launched.split(' ');
  return { slot: slot as Running['slot'], attempt: attempt ?? '' }; // from the launcher
};

describe('slots and the launcher', () => {
  it('start the package where there is nothing else', () => {
    expect(launch()).toBe('base none 1.0.0');
  });

  it('start a version on trial, and keep it once it is committed', () => {
    tryVersion('2.0.0', 'first');
    const launched = launch();
    expect(launched).toBe('a first 2.0.0');
    slots().settle(running(launched));
    slots().commit();
    expect(launch()).toBe('a first 2.0.0');
    expect(slots().state).toMatchObject({
      committed: 'a',
      trial: null,
      last: { outcome: 'committed', to: '2.0.0' },
      isUnreported: true,
    });
  });

  it('start the version before after three starts of one that is never committed, and refuse it', () => {
    tryVersion('2.0.0', 'first');
    expect([launch(), launch(), launch()]).toEqual(Array.from({ length: 3 }, () => 'a first 2.0.0'));
    const launched = launch();
    expect(launched).toBe('base none 1.0.0');
    const state = slots().settle(running(launched));
    expect(state.last).toMatchObject({ outcome: 'rolled-back', to: '2.0.0', why: { code: 'tries' } });
    expect(slots().refusalOf(contentOf('2.0.0'))).not.toBeNull();
    expect(readdirSync(join(upgrade(), 'slots'))).toEqual([]);
  });

  it('count no other command than run', () => {
    tryVersion('2.0.0', 'first');
    for (let times = 0; times < 5; times += 1) expect(launch('status')).toBe('base none 1.0.0');
    expect(launch()).toBe('a first 2.0.0');
  });

  it('go back at once when the version on trial gives up', () => {
    tryVersion('2.0.0', 'first');
    slots().settle(running(launch()));
    slots().rollBack(unhealthy);
    expect(launch()).toBe('base none 1.0.0');
    expect(slots().state.last).toMatchObject({ outcome: 'rolled-back', why: unhealthy });
  });

  it('use the other slot for the next version, and keep the committed one until that is committed', () => {
    tryVersion('2.0.0', 'first');
    slots().settle(running(launch()));
    slots().commit();
    tryVersion('3.0.0', 'second');
    expect(readdirSync(join(upgrade(), 'slots')).toSorted()).toEqual(['a', 'b']);
    slots().settle(running(launch()));
    slots().rollBack(unhealthy);
    expect(launch()).toBe('a first 2.0.0');
  });

  it('start the package when a committed version does not come up any more', () => {
    tryVersion('2.0.0', 'first');
    slots().settle(running(launch()));
    slots().commit();
    for (let starts = 0; starts < 10; starts += 1) expect(launch()).toBe('a first 2.0.0');
    const launched = launch();
    expect(launched).toBe('base none 1.0.0');
    expect(slots().settle(running(launched))).toMatchObject({
      committed: 'base',
      last: { outcome: 'rolled-back', why: { code: 'crash' } },
    });
  });

  it('do not lose patience with a committed version that comes up', () => {
    tryVersion('2.0.0', 'first');
    slots().settle(running(launch()));
    slots().commit();
    for (let starts = 0; starts < 25; starts += 1) {
      expect(launch()).toBe('a first 2.0.0');
      slots().noteSoundStart('first');
    }
  });

  it.each(['0.9.0', '1.5.0'])('start another package that was installed since, newer or older: %s', (version) => {
    tryVersion('2.0.0', 'first');
    slots().settle(running(launch()));
    slots().commit();
    install(version);
    const launched = launch();
    expect(launched).toBe(`base none ${version}`);
    expect(slots().settle(running(launched))).toMatchObject({ base: base.line, committed: 'base', trial: null });
    expect(readdirSync(join(upgrade(), 'slots'))).toEqual([]);
  });

  it.each([
    ['empty', ''],
    ['cut', 'vedette-upgrade 1\nbase 1'],
    ['of another format', 'vedette-upgrade 2\nbase x\ncommitted a first\ntrial none none\n{}\n'],
    ['zeros', '\0'.repeat(300)],
    ['hostile', 'vedette-upgrade 1\nbase BASE\ncommitted ../../tmp x\ntrial $(id) `id`\n{}\n'],
  ])('start the package when the record is %s, and say so', (_, text) => {
    tryVersion('2.0.0', 'first');
    writeFileSync(join(upgrade(), 'state'), text.replace('BASE', base.line));
    const launched = launch();
    expect(launched).toBe('base none 1.0.0');
    expect(slots().settle(running(launched)).last).toMatchObject({ outcome: 'failed', why: { code: 'internal' } });
  });

  it('start the version before when the bundle of the trial is gone', () => {
    tryVersion('2.0.0', 'first');
    writeFileSync(join(upgrade(), 'slots/a/agent.mjs'), '');
    const launched = launch();
    expect(launched).toBe('base none 1.0.0');
    expect(slots().settle(running(launched)).last).toMatchObject({ why: { code: 'crash', text: 'it could not be started' } });
  });

  it('use the runtime of a slot that has its own', () => {
    tryVersion('2.0.0', 'first');
    const own = join(upgrade(), 'slots/a/node');
    writeFileSync(own, '#!/bin/sh\necho "its own"\n');
    chmodSync(own, 0o755);
    expect(launch()).toBe('its own');
  });

  it('refuse files that are not what was verified', () => {
    mkdirSync(join(upgrade(), 'download'), { recursive: true });
    writeFileSync(join(upgrade(), 'download/code'), 'something else');
    const files = { code: join(upgrade(), 'download/code'), runtime: null };
    expect(() => slots().stage(contentOf('2.0.0'), files)).toThrow(/not what was verified/);
    expect(launch()).toBe('base none 1.0.0');
  });

  it('refuse a version for good that never got through while the one before it does', () => {
    tryVersion('2.0.0', 'first');
    slots().rollBack(unhealthy, { isSuspect: true });
    slots().judgeSuspects(true);
    slots().judgeSuspects(false);
    expect(slots().refusalOf(contentOf('2.0.0'))).not.toBeNull();
  });

  it('let it be tried again when the one before it does not get through either, or somebody forgives it', () => {
    tryVersion('2.0.0', 'first');
    slots().rollBack(unhealthy, { isSuspect: true });
    slots().judgeSuspects(false);
    expect(slots().refusalOf(contentOf('2.0.0'))).toBeNull();
    tryVersion('2.0.0', 'second');
    slots().rollBack(unhealthy);
    slots().forgive('2.0.0');
    expect(slots().refusalOf(contentOf('2.0.0'))).toBeNull();
  });

  it('end a version that hangs, and start the one before it', async () => {
    tryVersion('2.0.0', 'first');
    writeFileSync(join(directory, 'lib/node'), '#!/bin/sh\nexec sleep 300\n');
    expect(() => launch('run', { VEDETTE_GUARD_SECONDS: '5' })).toThrow(/SIGKILL|failed/);
    writeFileSync(join(directory, 'lib/node'), '#!/bin/sh\necho "$VEDETTE_SLOT"\n');
    expect(launch()).toBe('base');
    expect(slots().settle({ slot: 'base', attempt: 'none' }).last?.why).toEqual({
      code: 'unhealthy',
      text: 'it hung and was ended',
    });
  }, 90_000);

  it('leave nothing behind that nobody needs', () => {
    for (const attempt of ['first', 'second', 'third']) {
      tryVersion(`2.0.${attempt.length}`, attempt);
      slots().settle(running(launch()));
      slots().commit();
    }
    writeFileSync(join(upgrade(), 'state.123.tmp'), 'left over');
    slots().settle(running(launch()));
    expect(readdirSync(upgrade()).toSorted()).toEqual(['download', 'slots', 'starts.third', 'state']);
    expect(existsSync(join(upgrade(), 'slots', slots().state.committed, 'agent.mjs'))).toBe(true);
  });
});

describe('the record of upgrades', () => {
  it('reads what it writes', () => {
    tryVersion('2.0.0', 'first');
    const text = readFileSync(join(upgrade(), 'state'), 'utf8');
    const state = parseState(text);
    expect(state && formatState(state)).toBe(text);
  });
});
