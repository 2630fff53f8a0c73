import { type EndedSessions, endSessions } from '@vedette/protocol';
import type { Command } from './command.ts';

export const tokensToo = ['--tokens', 'revoke API tokens, too (default: they work on)'] as const;

export const logOut: Command = {
  name: 'log-out',
  summary: 'Log out everywhere: end all your sessions, and with --tokens your API tokens.',
  help: 'With --tokens the token that asks is revoked, too: "vedette login" keeps another one.',
  options: [tokensToo],
  example: 'vedette log-out --tokens',
  async run({ client }, _, options) {
    const query = { tokens: options['tokens'] ? ('revoke' as const) : ('keep' as const) };
    const data = await client().call(endSessions, { query });
    return { data, text: endedText(data, query) };
  },
};

/** What came of logging out everywhere, for people. */
export function endedText({ ended, revokedTokens }: EndedSessions, { tokens }: { readonly tokens: 'keep' | 'revoke' }): string {
  const sessions = ended === 1 ? '1 session is ended' : `${ended} sessions are ended`;
  if (tokens === 'keep') return `${sessions}; API tokens work on`;
  return `${sessions}, ${revokedTokens === 1 ? '1 API token is revoked' : `${revokedTokens} API tokens are revoked`}`;
}
