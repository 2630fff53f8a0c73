import type { PostureCheck } from '@vedette/protocol';

/** A check of a setting as content/posture has them: root may log in, unless the configuration of ssh says no. */
export const rootLoginCheck: PostureCheck = {
  number: 901,
  title: 'root may log in with a password',
  rationale: 'Passwords are guessed.',
  fix: { advice: 'Set PermitRootLogin to no.', commands: ['systemctl reload ssh'] },
  severity: 4,
  severityRule: 'high: a guess is enough',
  published: '2026-08-01',
  reads: [
    { probe: { id: 'sshd.permitrootlogin', kind: 'sshd', key: 'PermitRootLogin' }, requires: { oneOf: ['no'], unset: 'no' } },
  ],
};
