import type { AgentTables } from './schema/agents.ts';
import type { AssetTables } from './schema/assets.ts';
import type { AuditTables } from './schema/audit.ts';
import type { AuthTables } from './schema/auth.ts';
import type { ExceptionTables } from './schema/exceptions.ts';
import type { InventoryTables } from './schema/inventory.ts';
import type { KnowledgeTables } from './schema/knowledge.ts';
import type { NotificationTables } from './schema/notifications.ts';
import type { OrganizationTables } from './schema/organizations.ts';
import type { ReleaseTables } from './schema/releases.ts';
import type { ReportTables } from './schema/reports.ts';

export type { PackageRole } from './schema/inventory.ts';

/** Tables as kysely sees them, in camelCase, by the room that keeps them; migrations/ says what they are for. */
export interface Database
  extends
    AgentTables,
    AssetTables,
    AuditTables,
    AuthTables,
    ExceptionTables,
    InventoryTables,
    KnowledgeTables,
    NotificationTables,
    OrganizationTables,
    ReleaseTables,
    ReportTables {}
