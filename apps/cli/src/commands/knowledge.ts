import type { Command } from './command.ts';
import { knowledgeAccept } from './knowledge-accept.ts';
import { knowledgeImport } from './knowledge-import.ts';
import { knowledgeRefresh } from './knowledge-refresh.ts';
import { knowledgeShow } from './knowledge-show.ts';
import { knowledgeStatus } from './knowledge-status.ts';

export const knowledgeCommands: readonly Command[] = [
  knowledgeStatus,
  knowledgeRefresh,
  knowledgeAccept,
  knowledgeImport,
  knowledgeShow,
];
