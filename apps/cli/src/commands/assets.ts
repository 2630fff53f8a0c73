import { assetsFacts } from './assets-facts.ts';
import { assetsList } from './assets-list.ts';
import { assetsPosture } from './assets-posture.ts';
import { assetsRevoke } from './assets-revoke.ts';
import { assetsScan } from './assets-scan.ts';
import { assetsShow } from './assets-show.ts';
import type { Command } from './command.ts';
import { assetsTimeline } from './history.ts';
import { assetsTags, assetsTag } from './tags.ts';

export const assetCommands: readonly Command[] = [
  assetsList,
  assetsShow,
  assetsFacts,
  assetsPosture,
  assetsTimeline,
  assetsScan,
  assetsTags,
  assetsTag,
  assetsRevoke,
];
