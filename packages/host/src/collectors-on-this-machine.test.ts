import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { linuxHost } from '@vedette/host';
import { collectors, runCollector, type CollectorRun } from '@vedette/collectors';

/** The judges are other programs of this machine: what they print, collectors must find. */
const runs = new Map<string, CollectorRun>();

function print(command: string, ...args: string[]): string[] {
  const output = execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return output.split('\n').filter((line) => line !== '');
}

function rowsOf(name: string): readonly Record<string, unknown>[] {
  return runs.get(name)?.rows ?? [];
}

function has(path: string): boolean {
  return existsSync(path);
}

describe.runIf(process.platform === 'linux')('collectors on this machine', () => {
  beforeAll(async () => {
    const host = linuxHost();
    for (const collector of collectors) runs.set(collector.fact.name, await runCollector(collector, host));
  });

  describe.each(collectors.map((collector) => [collector.fact.name, collector] as const))('%s', (name, { fact }) => {
    it('neither fails nor throws', () => {
      expect(runs.get(name)).toMatchObject({ status: expect.stringMatching(/^(?:complete|partial)$/) });
    });

    it('answers rows that satisfy the schema of the fact', () => {
      for (const row of rowsOf(name)) expect(fact.row.strict().parse(row)).toEqual(row);
    });

    it('answers each key once', () => {
      const keys = rowsOf(name).map((row) => JSON.stringify(fact.key.map((column) => row[column])));
      expect(new Set(keys).size).toBe(keys.length);
    });
  });

  it.runIf(has('/usr/bin/dpkg-query'))('finds the packages that dpkg-query lists', () => {
    const format = '${Package} ${Version} ${Architecture} ${source:Package} ${source:Version} ${db:Status-Status}\\n';
    const listed = print('dpkg-query', '-W', '-f', format).filter((line) => !line.endsWith(' not-installed'));
    const found = rowsOf('dpkg').map((row) =>
      [row['name'], row['version'], row['architecture'], row['source'], row['sourceVersion'], row['state']].join(' '),
    );
    expect(found.toSorted()).toEqual(listed.toSorted());
  });

  it.runIf(has('/usr/bin/getent'))('finds the accounts that getent lists', () => {
    const listed = print('getent', 'passwd').map((line) => line.split(':'));
    const local = listed.map(([name, , uid, gid, , home, shell]) => [name, Number(uid), Number(gid), home, shell]);
    const found = rowsOf('user').map((row) => [row['name'], row['uid'], row['gid'], row['home'], row['shell']]);
    expect(found).toEqual(local);
  });

  it.runIf(has('/usr/bin/ss'))('finds the TCP listeners that ss lists', async () => {
    // Other tests open and close ports meanwhile: what was there before and after must be in between.
    const list = (): Set<string> => new Set(print('ss', '-H', '-ltn').map((line) => line.split(/ +/)[3] ?? ''));
    const before = list();
    const collector = collectors.find(({ fact }) => fact.name === 'listening-socket');
    if (collector === undefined) throw new Error('no collector for sockets');
    const { rows } = await runCollector(collector, linuxHost());
    const after = list();
    const found = new Set(
      rows.map(
        (row) => `${row['protocol'] === 'tcp6' ? `[${String(row['address'])}]` : String(row['address'])}:${String(row['port'])}`,
      ),
    );
    const lasting = [...before]
      .filter((each) => after.has(each))
      .map((each) => each.replace(/%[^:\]]+/, '').replace(/^\*:/, '[::]:'));
    expect([...found]).toEqual(expect.arrayContaining(lasting));
  });

  it.runIf(has('/usr/sbin/ip') || has('/usr/bin/ip'))('finds the addresses that ip lists', () => {
    const isUp = new Set(print('ip', '-o', 'link', 'show', 'up').map((line) => line.split(/: |@/)[1]));
    const listed = print('ip', '-o', 'addr').map((line) => line.split(/ +/));
    const expected = listed.filter(([, name]) => isUp.has(name)).map(([, name, , address]) => `${name} ${address}`);
    const found = rowsOf('network-interface').flatMap(
      (row) => (row['addresses'] as readonly string[]).map((address) => `${String(row['name'])} ${address}`), // the schema test proves the list
    );
    expect(found.toSorted()).toEqual(expected.toSorted());
  });
});
