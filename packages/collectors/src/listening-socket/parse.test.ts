import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { listeningSocket } from './index.ts';
import { parseSocketTable, socketInode } from './parse.ts';

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const line = (local: string, state: string, uid = '0', inode = '1061'): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000059ccb09e 100 0 0 10 0\n`;

describe('parseSocketTable', () => {
  it.each([
    ['0100007F:0016', '127.0.0.1', 22],
    ['00000000:07E8', '0.0.0.0', 2024],
    ['0101A8C0:FFFF', '192.168.1.1', 65535],
    ['00000000000000000000000000000000:0050', '::', 80],
    ['00000000000000000000000001000000:0277', '::1', 631],
    ['B80D0120000000000000000001000000:0035', '2001:db8::1', 53],
    ['0000000000000000FFFF00000100007F:0050', '::ffff:127.0.0.1', 80],
    ['000080FE000000000100000001000000:0001', 'fe80::1:0:1', 1],
  ])('decodes %s as %s, port %i', (local, address, port) => {
    expect(parseSocketTable(head + line(local, '0A'), 'tcp').sockets).toMatchObject([{ address, port, uid: 0, inode: '1061' }]);
  });

  it('takes listening TCP and unconnected UDP only', () => {
    const table = head + line('0100007F:0001', '01') + line('0100007F:0002', '07') + line('0100007F:0003', '0A');
    expect(parseSocketTable(table, 'tcp').sockets.map(({ port }) => port)).toEqual([3]);
    expect(parseSocketTable(table, 'udp').sockets.map(({ port }) => port)).toEqual([2]);
  });

  it.each([
    ['a short address', line('7F:0016', '0A')],
    ['a negative user', line('0100007F:0016', '0A', '-1')],
    ['a huge user', line('0100007F:0016', '0A', '99999999999999999999')],
    ['a word for an inode', line('0100007F:0016', '0A', '0', '__proto__')],
  ])('counts %s as malformed', (_, text) => {
    expect(parseSocketTable(head + text, 'tcp')).toEqual({ sockets: [], malformed: 1 });
  });

  it('takes any text', () => {
    const check = (text: string): void => {
      for (const { port, uid } of parseSocketTable(text, 'tcp').sockets) expect(port <= 65535 && uid >= 0).toBe(true);
    };
    fc.assert(fc.property(hostileText(' 0100007F:0016 ', ' 0A ', line('00000000:0016', '0A')), check));
    for (const text of oversizedTexts) check(text);
  });

  it('is bounded in rows', () => {
    expect(parseSocketTable(head + line('0100007F:0016', '0A').repeat(12_000), 'tcp').sockets).toHaveLength(10_000);
  });
});

describe('socketInode', () => {
  it.each([
    ['socket:[42]', '42'],
    ['pipe:[42]', null],
    ['/tmp/socket:[42]', null],
    ['socket:[]', null],
  ])('%s → %s', (link, expected) => expect(socketInode(link)).toBe(expected));
});

describe('listening-socket collector', () => {
  it('answers one row for a shared port and names the service rather than process 1', async () => {
    const host = fakeHost({
      '/proc/net/tcp': head + line('00000000:0016', '0A', '0', '7') + line('00000000:0016', '0A', '0', '8'),
      '/proc/1/fd/3': { link: 'socket:[7]' },
      '/proc/1/comm': 'systemd\n',
      '/proc/20/fd/0': { link: '/dev/null' },
      '/proc/20/fd/3': { link: 'socket:[7]' },
      '/proc/20/comm': 'sshd\n',
    });
    const row = { protocol: 'tcp', address: '0.0.0.0', port: 22, process: 'sshd', uid: 0 };
    expect(await runCollector(listeningSocket, host)).toEqual({ status: 'complete', rows: [row], problems: [] });
  });

  it('looks at no process when no socket waits', async () => {
    const host = fakeHost({ '/proc/net/tcp': head, '/proc/20/fd/3': { link: 'socket:[7]' } });
    await runCollector(listeningSocket, host);
    expect(host.log.filter((path) => path.includes('/fd'))).toEqual([]);
  });
});
