import { activationKeysCreate } from './activation-keys-create.ts';
import { activationKeysList } from './activation-keys-list.ts';
import { activationKeysRevoke } from './activation-keys-revoke.ts';
import type { Command } from './command.ts';

export const activationKeyCommands: readonly Command[] = [activationKeysList, activationKeysCreate, activationKeysRevoke];
