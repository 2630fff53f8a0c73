import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { scheduledTask } from './index.ts';
import { parseCrontab, parseTimer } from './parse.ts';

describe('parseCrontab', () => {
  it.each([
    ['17 *\t* * *  root  cd / && run-parts /etc/cron.hourly', '17 * * * *', 'root', 'cd'],
    ['@reboot root /usr/bin/x', '@reboot', 'root', '/usr/bin/x'],
    ['*/5 8-18 * jan-mar mon,fri www /opt/a -v', '*/5 8-18 * jan-mar mon,fri', 'www', '/opt/a'],
    ['0 1 * * * root PASSWORD=hunter2 /usr/bin/backup', '0 1 * * *', 'root', '/usr/bin/backup'],
    ['0 1 * * * root "$(hunter2)" x', '0 1 * * *', 'root', ''],
  ])('%s', (line, schedule, user, program) => {
    expect(parseCrontab(line, { hasUser: true })).toMatchObject([{ schedule, user, program }]);
  });

  it('gives the lines of a person to its owner', () => {
    expect(parseCrontab('0 1 * * * /bin/a', { hasUser: false, owner: 'alice' })).toMatchObject([
      { user: 'alice', program: '/bin/a' },
    ]);
  });

  it.each(['# 1 2 3 4 5 root x', 'MAILTO=root', 'A = b c d e f g', '1 2 3 4', '', '! ! ! ! ! root x'])(
    'passes over %j',
    (line) => {
      expect(parseCrontab(line, { hasUser: true })).toEqual([]);
    },
  );

  it('takes any text', () => {
    const check = (text: string): void => {
      expect(parseCrontab(text, { hasUser: true }).length).toBeLessThanOrEqual(2000);
    };
    fc.assert(fc.property(hostileText('1 2 3 4 5 root x\n', '@daily a b\n', 'A=b\n'), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('parseTimer', () => {
  it('takes when and what', () => {
    expect(parseTimer('[Timer]\nOnCalendar=*-*-* 6,18:00\nRandomizedDelaySec=12h\nOnBootSec=5min\n', 'apt-daily.timer')).toEqual({
      schedule: 'OnCalendar=*-*-* 6,18:00 OnBootSec=5min',
      unit: 'apt-daily.service',
    });
  });
});

describe('scheduled-task collector', () => {
  it('reads tables, directories and enabled timers, and sends no command', async () => {
    const host = fakeHost({
      '/etc/crontab': '0 1 * * * root /usr/bin/mysqldump -phunter2\n',
      '/etc/cron.d/e2scrub.dpkg-new': '0 1 * * * root /old\n',
      '/etc/cron.daily/logrotate': '#!/bin/sh\n',
      '/var/spool/cron/crontabs/alice': '0 2 * * * TOKEN=hunter2 /home/alice/b\n',
      '/etc/systemd/system/timers.target.wants/a.timer': { link: '/usr/lib/systemd/system/a.timer' },
      '/usr/lib/systemd/system/a.timer': '[Timer]\nOnCalendar=daily\n',
      '/usr/lib/systemd/system/disabled.timer': '[Timer]\nOnCalendar=daily\n',
    });
    const run = await runCollector(scheduledTask, host);
    expect(run.rows.map(({ source, user, program, schedule }) => [source, user, program, schedule])).toEqual([
      ['/etc/crontab', 'root', '/usr/bin/mysqldump', '0 1 * * *'],
      ['/var/spool/cron/crontabs/alice', 'alice', '/home/alice/b', '0 2 * * *'],
      ['/etc/cron.daily/logrotate', 'root', '/etc/cron.daily/logrotate', 'daily'],
      ['/usr/lib/systemd/system/a.timer', '', 'a.service', 'OnCalendar=daily'],
    ]);
    expect(JSON.stringify(run.rows)).not.toContain('hunter2');
  });
});
