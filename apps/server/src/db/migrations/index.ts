import { first } from './001-first.ts';
import { everyEcosystem } from './002-every-ecosystem.ts';
import { evidence } from './003-evidence.ts';
import { fleetIndex } from './004-fleet-index.ts';
import { unjudged } from './005-unjudged.ts';
import { assetIdentity } from './006-asset-identity.ts';
import { feedRefresh } from './007-feed-refresh.ts';
import { agentOrder } from './008-agent-order.ts';
import { packageModule } from './009-package-module.ts';
import { packedFacts } from './010-packed-facts.ts';
import { statementPatches } from './011-statement-patches.ts';
import { releases } from './012-releases.ts';
import { agentRevocation } from './013-agent-revocation.ts';
import { manifest } from './014-manifest.ts';
import { fewerKeys } from './015-fewer-keys.ts';
import { people } from './016-people.ts';
import { secondFactors } from './017-second-factors.ts';
import { tags } from './018-tags.ts';
import { exceptions } from './019-exceptions.ts';
import { releaseEvents } from './020-release-events.ts';
import { savedQuery } from './021-saved-query.ts';
import { reports } from './022-reports.ts';
import { notifications } from './023-notifications.ts';
import { profiles } from './024-profiles.ts';
import { events } from './025-events.ts';
import { auditIntents } from './026-audit-intents.ts';
import { sealedSecrets } from './027-sealed-secrets.ts';
import { owners } from './028-owners.ts';
import { vexDocuments } from './029-vex-documents.ts';
import { tokenOrigin } from './030-token-origin.ts';
import { vexEchoes } from './031-vex-echoes.ts';
import { agentsByTime } from './032-agents-by-time.ts';
import { newestAgents } from './034-newest-agents.ts';
import type { SchemaMigration } from './schema-migration.ts';

/** In order of their names; a released one is never edited. */
export const migrations: Record<string, SchemaMigration> = {
  '001-first': first,
  '002-every-ecosystem': everyEcosystem,
  '003-evidence': evidence,
  '004-fleet-index': fleetIndex,
  '005-unjudged': unjudged,
  '006-asset-identity': assetIdentity,
  '007-feed-refresh': feedRefresh,
  '008-agent-order': agentOrder,
  '009-package-module': packageModule,
  '010-packed-facts': packedFacts,
  '011-statement-patches': statementPatches,
  '012-releases': releases,
  '013-agent-revocation': agentRevocation,
  '014-manifest': manifest,
  '015-fewer-keys': fewerKeys,
  '016-people': people,
  '017-second-factors': secondFactors,
  '018-tags': tags,
  '019-exceptions': exceptions,
  '020-release-events': releaseEvents,
  '021-saved-query': savedQuery,
  '022-reports': reports,
  '023-notifications': notifications,
  '024-profiles': profiles,
  '025-events': events,
  '026-audit-intents': auditIntents,
  '027-sealed-secrets': sealedSecrets,
  '028-owners': owners,
  '029-vex-documents': vexDocuments,
  '030-token-origin': tokenOrigin,
  '031-vex-echoes': vexEchoes,
  '032-agents-by-time': agentsByTime,
  '034-newest-agents': newestAgents,
};
