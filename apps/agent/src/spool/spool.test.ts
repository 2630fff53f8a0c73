import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FactRow } from '@vedette/protocol';
import { loadIdentity, loadOrCreateKey } from '../enrollment/identity.ts';
import { acknowledgedRowCounts, Spool, type Outgoing } from './spool.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-spool-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const agentId = '3f1c7f0e-2d4b-4c8a-9e51-0a4f5a1b2c3d';
const open = (maxBytes?: number): Spool => Spool.open(directory, { agentId, ...(maxBytes === undefined ? {} : { maxBytes }) });

function outgoing(
  sequence: number,
  rows: readonly FactRow[] = [{ name: 'eth0', addresses: ['10.0.0.1/8'], up: true }],
): Outgoing {
  const mark = { version: 1, sequence, digest: sequence.toString(16).padStart(64, '0') };
  const document = { ...mark, kind: 'snapshot', collectedAt: '', status: 'complete', rows: { count: 0 } } as const;
  return { collector: 'user', document: { ...document, collector: 'user' }, after: { ...mark, rows } };
}

/** Rows that no compression makes small. */
function bulky(kilobytes: number): FactRow[] {
  return Array.from({ length: kilobytes }, () => ({
    name: Buffer.from(crypto.getRandomValues(new Uint8Array(768))).toString('base64'),
  }));
}

describe('Spool', () => {
  it('has what was put and acknowledged after a restart', () => {
    {
      using spool = open();
      expect(spool.put([outgoing(1)])).toBe(true);
      expect(spool.acknowledge(['user'])).toBe(true);
      expect(spool.put([outgoing(2)])).toBe(true);
    }
    using again = open();
    expect(again.acknowledged('user')).toMatchObject({ sequence: 1 });
    expect(again.acknowledgedRows('user')).toEqual([{ name: 'eth0', addresses: ['10.0.0.1/8'], up: true }]);
    expect(again.outgoing('user')).toMatchObject({ sequence: 2 });
    expect(again.outgoingDocument('user')).toEqual(outgoing(2).document);
    expect(acknowledgedRowCounts(directory)).toEqual(new Map([['user', 1]]));
  });

  it('has nothing of a document that the platform cannot use', () => {
    using spool = open();
    spool.put([outgoing(1)]);
    spool.discard('user');
    expect(spool.outgoing('user')).toBeNull();
    expect(spool.acknowledged('user')).toBeNull();
  });

  it('forgets what belongs to the agent that this machine was before', () => {
    {
      using spool = open();
      spool.put([outgoing(1)]);
      spool.acknowledge(['user']);
    }
    using other = Spool.open(directory, { agentId: 'another' });
    expect(other.acknowledged('user')).toBeNull();
  });

  it.each([
    ['that is no database', () => writeFileSync(join(directory, 'spool.db'), 'x'.repeat(8192))],
    ['of a newer agent', () => execFileSync(process.execPath, ['-e', newerLayout, join(directory, 'spool.db')])],
  ])('sets a file aside %s, and begins anew', (_, damage) => {
    damage();
    using spool = open();
    expect(spool.problem).toBeNull();
    expect(spool.put([outgoing(1)])).toBe(true);
    expect(existsSync(join(directory, 'spool.db.damaged'))).toBe(true);
  });

  it('keeps what it has when the ceiling is reached, and says that there is no room', () => {
    using spool = open(200_000);
    spool.put([outgoing(1)]);
    spool.acknowledge(['user']);
    expect(spool.put([outgoing(2, bulky(1000))])).toBe(false);
    expect(spool.problem).toContain('full');
    expect(spool.acknowledged('user')).toMatchObject({ sequence: 1 });
    expect(spool.outgoing('user')).toBeNull();
    expect(spool.put([outgoing(2)])).toBe(true);
    expect(spool.problem).toBeNull();
  });

  it('carries on from the state directory of an agent of 0.1.0', () => {
    cpSync(join(import.meta.dirname, 'fixtures/state-0.1.0'), directory, { recursive: true });
    expect(loadIdentity(directory)).toMatchObject({ agentId, keyFile: 'agent-key.pem' });
    expect(loadOrCreateKey(directory, 'agent-key.pem').asymmetricKeyType).toBe('ed25519');
    {
      using spool = open();
      expect(spool.acknowledged('dpkg')).toMatchObject({ version: 1, sequence: 41 });
      expect(spool.acknowledgedRows('user')).toMatchObject([{ name: 'anna' }, { name: 'bert' }]);
    }
    expect(readdirSync(directory)).not.toContain('acknowledged');
    using again = open();
    expect(again.acknowledged('user')).toMatchObject({ sequence: 7 });
  });

  it('takes a damaged file of an agent of 0.1.0 for none', () => {
    cpSync(join(import.meta.dirname, 'fixtures/state-0.1.0'), directory, { recursive: true });
    writeFileSync(join(directory, 'acknowledged/user.json.zst'), 'cut');
    using spool = open();
    expect(spool.acknowledged('user')).toBeNull();
    expect(spool.acknowledged('dpkg')).toMatchObject({ sequence: 41 });
  });

  it('is in a copy of its files as of the last commit: what a crash in the midst of the next one leaves', () => {
    const copy = join(directory, 'copy');
    using spool = open();
    spool.put([outgoing(1)]);
    spool.acknowledge(['user']);
    using other = new DatabaseSync(join(directory, 'spool.db'));
    other.exec('begin immediate; delete from acknowledged');
    mkdirSync(copy);
    for (const name of ['spool.db', 'spool.db-wal']) cpSync(join(directory, name), join(copy, name));
    expect(other.prepare('select count(*) as rows from acknowledged').get()).toEqual({ rows: 0 });
    other.exec('rollback');
    using crashed = Spool.open(copy, { agentId });
    expect(crashed.acknowledged('user')).toMatchObject({ sequence: 1 });
    expect(crashed.outgoing('user')).toBeNull();
  });

  it('has every commit that returned when its process is killed', async () => {
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ['-e', writer, import.meta.resolve('./spool.ts'), directory], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let told = '';
      child.stdout.on('data', (data: Buffer) => {
        told += data.toString();
        if (told.split('\n').length > 20 + 7 * round) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const last = Number(told.trim().split('\n').at(-1));
      using spool = open();
      expect(spool.acknowledged('user')?.sequence).toBeGreaterThanOrEqual(last);
      expect(spool.acknowledgedRows('user')).toEqual([{ name: `row ${spool.acknowledged('user')?.sequence}` }]);
      spool.discard('user');
    }
  });
});

describe.runIf(process.getuid?.() === 0)('Spool on a disk of 512 kB', () => {
  beforeEach(() => execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', directory]));
  afterEach(() => execFileSync('umount', [directory]));

  it('says that the disk is full, keeps what it has, and goes on when there is room', () => {
    using spool = open();
    spool.put([outgoing(1)]);
    spool.acknowledge(['user']);
    writeFileSync(join(directory, 'filler'), new Uint8Array(fillable()));
    expect(spool.put([outgoing(2, bulky(200))])).toBe(false);
    expect(spool.problem).not.toBeNull();
    expect(spool.acknowledgedRows('user')).toHaveLength(1);
    rmSync(join(directory, 'filler'));
    expect(spool.put([outgoing(2)])).toBe(true);
    expect(spool.acknowledge(['user'])).toBe(true);
    expect(spool.problem).toBeNull();
    expect(spool.acknowledged('user')).toMatchObject({ sequence: 2 });
  });

  it('lives in memory when it is full from the start', () => {
    writeFileSync(join(directory, 'filler'), new Uint8Array(fillable(0)));
    using spool = open();
    expect(spool.problem).toContain('in memory');
    expect(spool.put([outgoing(1)])).toBe(true);
    expect(spool.outgoing('user')).toMatchObject({ sequence: 1 });
    expect(spool.problem).toContain('in memory');
  });

  /** Bytes that are free on the disk of the test, less a rest. */
  function fillable(rest = 4096): number {
    const [, free = '0'] = execFileSync('df', ['--output=avail', '-B1', directory], { encoding: 'utf8' }).trim().split('\n');
    return Number(free) - rest;
  }
});

const newerLayout = `
  const { DatabaseSync } = require('node:sqlite');
  new DatabaseSync(process.argv[1]).exec('pragma user_version = 99');`;

/** Puts and acknowledges without end, and tells each number once its commit has returned. */
const writer = `
  import(process.argv[1]).then(({ Spool }) => {
    const spool = Spool.open(process.argv[2], { agentId: '${agentId}' });
    for (let sequence = (spool.acknowledged('user')?.sequence ?? 0) + 1; ; sequence++) {
      const after = { version: 1, sequence, digest: 'a', rows: [{ name: 'row ' + sequence }] };
      spool.put([{ collector: 'user', document: {}, after }]);
      spool.acknowledge(['user']);
      require('node:fs').writeSync(1, sequence + '\\n');
    }
  });`;
