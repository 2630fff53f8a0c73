import { listAuditEvents, verifyAuditLog } from './audit.ts';
import { createActivationKey, listActivationKeys, revokeActivationKey } from './activation-keys.ts';
import { getAsset, listAssets, listFacts, revokeAgent } from './assets.ts';
import { getAbout, getDashboard } from './dashboard.ts';
import { countDetections, whatIf } from './detection-counts.ts';
import { explainDetection, listDetections } from './detections.ts';
import { getOrder, scanAsset } from './orders.ts';
import {
  changeRollout,
  getPlatformIdentification,
  getReleaseRepository,
  getReleaseRules,
  getRollout,
  listAgentUpgrades,
  listRollouts,
  publishRelease,
  setAssetRelease,
  setReleaseRules,
  startRollout,
} from './releases.ts';
import { getPosture } from './posture.ts';
import { replayVerdicts } from './replay.ts';
import { listSoftware } from './software.ts';
import { acceptFeed, getCheck, getKnowledge, listChecks, refreshKnowledge } from './knowledge.ts';
import {
  changePassword,
  createApiToken,
  deleteApiToken,
  endSession,
  getSession,
  listApiTokens,
  listSessions,
  logIn,
  logOut,
} from './session.ts';
import {
  changeRole,
  changeUser,
  createRole,
  createUser,
  deleteRole,
  deleteUser,
  listRoles,
  listUsers,
  resetPassword,
} from './users.ts';
import { deleteTag, listTags, saveTag, tagAsset } from './tags.ts';

/** Every operation of the public API. A test holds the server against it; OpenAPI is made from it. */
export const endpoints = {
  logIn,
  getSession,
  logOut,
  listSessions,
  endSession,
  changePassword,
  listUsers,
  createUser,
  changeUser,
  resetPassword,
  deleteUser,
  listRoles,
  createRole,
  changeRole,
  deleteRole,
  listAuditEvents,
  verifyAuditLog,
  createApiToken,
  listApiTokens,
  deleteApiToken,
  getDashboard,
  listAssets,
  getAsset,
  listFacts,
  revokeAgent,
  getPosture,
  scanAsset,
  getOrder,
  listDetections,
  countDetections,
  whatIf,
  explainDetection,
  replayVerdicts,
  listSoftware,
  listChecks,
  getCheck,
  getKnowledge,
  refreshKnowledge,
  acceptFeed,
  listActivationKeys,
  createActivationKey,
  revokeActivationKey,
  getReleaseRepository,
  publishRelease,
  listRollouts,
  getRollout,
  startRollout,
  changeRollout,
  listAgentUpgrades,
  getReleaseRules,
  setReleaseRules,
  setAssetRelease,
  getPlatformIdentification,
  listTags,
  saveTag,
  deleteTag,
  tagAsset,
  getAbout,
} as const;
