import { createActivationKey } from '@vedette/protocol';
import type { Command } from './command.ts';
import { wholeNumber } from './list-options.ts';

export const activationKeysCreate: Command = {
  name: 'activation-keys create',
  summary: 'Create an activation key; its secret is shown once.',
  args: '<name>',
  options: [
    ['--max-uses <n>', 'how many agents may enroll with it (default: any number)'],
    ['--expires-in-days <n>', 'when it stops working (default: never)'],
  ],
  example: 'vedette activation-keys create "web servers" --max-uses 50',
  async run({ client, note }, [name], options) {
    const data = await client().call(createActivationKey, {
      body: {
        name: name ?? '',
        maxUses: wholeNumber('--max-uses', options['maxUses']) ?? null,
        expiresInDays: wholeNumber('--expires-in-days', options['expiresInDays']) ?? null,
      },
    });
    note('Keep the secret now: only its hash is stored.');
    return { data, text: data.secret };
  },
};
