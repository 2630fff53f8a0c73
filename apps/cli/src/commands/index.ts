import { releaseKeyCommands } from '../release/key-commands.ts';
import { releaseMirrorCommands } from '../release/mirror-commands.ts';
import { releaseRepositoryCommands } from '../release/repository-commands.ts';
import { releaseRolloutCommands } from '../release/rollout-commands.ts';
import { releaseTargetCommands } from '../release/target-commands.ts';
import { about } from './about.ts';
import { api } from './api.ts';
import { applyCommands } from './apply.ts';
import { activationKeysCreate } from './activation-keys-create.ts';
import { activationKeysList } from './activation-keys-list.ts';
import { activationKeysRevoke } from './activation-keys-revoke.ts';
import { assetsFacts } from './assets-facts.ts';
import { assetsList } from './assets-list.ts';
import { assetsPosture } from './assets-posture.ts';
import { assetsRevoke } from './assets-revoke.ts';
import { assetsScan } from './assets-scan.ts';
import { assetsShow } from './assets-show.ts';
import { checksList } from './checks-list.ts';
import { checksShow } from './checks-show.ts';
import { auditCommands } from './audit.ts';
import type { Command } from './command.ts';
import { compareVersions } from './compare-versions.ts';
import { contextCommands } from './contexts.ts';
import { detectionsCount } from './detections-count.ts';
import { detectionsExplain } from './detections-explain.ts';
import { detectionsList } from './detections-list.ts';
import { detectionsWhatIf } from './detections-what-if.ts';
import { exceptionCommands } from './exceptions.ts';
import { explain } from './explain.ts';
import { historyCommands } from './history.ts';
import { fixCommands } from './fixes.ts';
import { knowledgeAccept } from './knowledge-accept.ts';
import { knowledgeImport } from './knowledge-import.ts';
import { knowledgeRefresh } from './knowledge-refresh.ts';
import { knowledgeShow } from './knowledge-show.ts';
import { knowledgeStatus } from './knowledge-status.ts';
import { login } from './login.ts';
import { profileCommands } from './profiles.ts';
import { queryCommands } from './queries.ts';
import { relay } from './relay.ts';
import { relayNginxConfig } from './relay-nginx-config.ts';
import { replay } from './replay.ts';
import { rolesCommands } from './roles.ts';
import { notificationCommands } from './notifications.ts';
import { reportCommands } from './reports.ts';
import { riskCommands } from './risk.ts';
import { scan } from './scan.ts';
import { softwareList } from './software-list.ts';
import { eventsList } from './events-list.ts';
import { status } from './status.ts';
import { tagCommands } from './tags.ts';
import { tokensCommands } from './tokens.ts';
import { usersCommands } from './users.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  login,
  ...contextCommands,
  scan,
  status,
  about,
  assetsList,
  assetsShow,
  assetsFacts,
  assetsPosture,
  assetsScan,
  assetsRevoke,
  detectionsList,
  detectionsCount,
  detectionsWhatIf,
  detectionsExplain,
  explain,
  replay,
  ...historyCommands,
  softwareList,
  eventsList,
  checksList,
  checksShow,
  knowledgeStatus,
  knowledgeRefresh,
  knowledgeAccept,
  knowledgeImport,
  knowledgeShow,
  compareVersions,
  activationKeysList,
  activationKeysCreate,
  activationKeysRevoke,
  ...profileCommands,
  ...queryCommands,
  ...usersCommands,
  ...rolesCommands,
  ...tokensCommands,
  ...auditCommands,
  ...riskCommands,
  ...fixCommands,
  ...exceptionCommands,
  ...tagCommands,
  ...reportCommands,
  ...notificationCommands,
  ...releaseKeyCommands,
  ...releaseRepositoryCommands,
  ...releaseTargetCommands,
  ...releaseMirrorCommands,
  ...releaseRolloutCommands,
  relay,
  relayNginxConfig,
  ...applyCommands,
  api,
];
