import type { endpoints, PostureOutcome, PostureResult } from '@vedette/protocol';
import type { z } from 'zod';

function result(number: number, title: string, outcome: PostureOutcome, value: string): PostureResult {
  return {
    check: 3_000_000 + number,
    name: `VP-${number}`,
    severity: 4,
    severityRule: 'high: guessing one password gives the whole machine',
    title,
    rationale: 'A password of root can be guessed from anywhere that reaches the port.',
    fix: {
      advice: 'Put the line into a file of /etc/ssh/sshd_config.d.',
      commands: ["printf '%s\\n' 'PermitRootLogin prohibit-password' >> /etc/ssh/sshd_config.d/10-hardening.conf"],
    },
    outcome,
    evidence: [
      { subject: 'PermitRootLogin', value, where: '/etc/ssh/sshd_config', required: 'no or prohibit-password', outcome },
    ],
  };
}

/** One check of each outcome. */
export const postureFixture: z.infer<typeof endpoints.getPosture.reply> = {
  counts: { failed: 1, unassessed: 1, unread: 1, passed: 1, 'not-applicable': 1 },
  checks: [
    result(101, 'root may log in over SSH with a password', 'failed', 'yes'),
    result(103, 'SSH lets accounts in that have no password', 'unassessed', '(unreadable)'),
    result(104, 'SSH forwards X11', 'unread', ''),
    result(105, 'SSH offers weak ciphers', 'passed', '(not set)'),
    result(109, 'SSH speaks protocol version 1', 'not-applicable', '(not applicable)'),
  ],
};
