import { checksList } from './checks-list.ts';
import { checksShow } from './checks-show.ts';
import type { Command } from './command.ts';

export const checkCommands: readonly Command[] = [checksList, checksShow];
