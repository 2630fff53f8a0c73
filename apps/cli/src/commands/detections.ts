import type { Command } from './command.ts';
import { detectionsCount } from './detections-count.ts';
import { detectionsExplain } from './detections-explain.ts';
import { detectionsList } from './detections-list.ts';
import { detectionsWhatIf } from './detections-what-if.ts';
import { detectionsChanges } from './history.ts';

export const detectionCommands: readonly Command[] = [
  detectionsList,
  detectionsCount,
  detectionsChanges,
  detectionsWhatIf,
  detectionsExplain,
];
