import { getSession } from '@vedette/protocol';
import { connect } from '../api/connect.ts';
import { firstContext, isAddress, readContexts, writeContexts } from '../context.ts';
import { CliError } from '../errors.ts';
import type { Command } from './command.ts';
import { text } from './list-options.ts';

export const login: Command = {
  name: 'login',
  summary: 'Keep address and API token of a platform for the other commands.',
  help: 'Several platforms: give each a name with --context, and see "vedette contexts --help".',
  options: [['--url <address>', 'address of the platform (default http://127.0.0.1:8420)']],
  example: 'vedette login --url https://vedette.example.org',
  async run({ environment, askSecret, note }, _, options) {
    const name = environment['VEDETTE_CONTEXT'] || firstContext;
    const kept = readContexts(environment);
    const url = text(options['url']) ?? environment['VEDETTE_URL'] ?? 'http://127.0.0.1:8420';
    if (!isAddress(url)) throw new CliError('USAGE', '--url takes an http or https address without user and password');
    // Never an option: it would show in the list of processes and in the shell's history.
    const token = environment['VEDETTE_TOKEN'] ?? (await askSecret('API token (make one in the console): '));
    const data = await connect(url, { token }).call(getSession, {});
    const contexts = new Map(kept.contexts).set(name, { url, token });
    note(`kept in ${writeContexts(environment, { current: name, contexts })}`);
    return { data, text: `logged in at ${url} as ${data.login} of ${data.organization} (${data.role})` };
  },
};
