import { namedContext, readContexts, writeContexts } from '../context.ts';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';

const contextsList: Command = {
  name: 'contexts list',
  summary: 'List the platforms that "vedette login" keeps; the current one is used when none is named.',
  example: 'vedette contexts list',
  async run({ environment }) {
    const { current, contexts } = readContexts(environment);
    const items = [...contexts].map(([name, { url }]) => ({ name, url, current: name === current }));
    const rows = items.map((one) => [one.current ? '*' : ' ', one.name, one.url]);
    const empty = 'none yet: vedette login --url ADDRESS';
    return { data: { items }, text: items.length > 0 ? table(['', 'name', 'platform'], rows) : empty };
  },
};

const contextsUse: Command = {
  name: 'contexts use',
  summary: 'Make a kept platform the current one.',
  args: '<name>',
  example: 'vedette contexts use staging',
  async run({ environment }, [name = '']) {
    const kept = readContexts(environment);
    const { url } = namedContext(kept, name);
    writeContexts(environment, { ...kept, current: name });
    return { data: { name, url }, text: `commands now talk to ${url} (${name})` };
  },
};

const contextsDelete: Command = {
  name: 'contexts delete',
  summary: 'Forget a platform and its token; the token stays valid until it is revoked there.',
  args: '<name>',
  example: 'vedette contexts delete staging',
  async run({ environment }, [name = '']) {
    const kept = readContexts(environment);
    const { url } = namedContext(kept, name);
    const contexts = new Map(kept.contexts);
    contexts.delete(name);
    writeContexts(environment, { ...kept, contexts });
    return { data: { name, url }, text: `${name} (${url}) is forgotten` };
  },
};

export const contextCommands: readonly Command[] = [contextsList, contextsUse, contextsDelete];
