/**
 * Where the rows of a table lie once the database is one of shards (Citus): in the shard of their asset, by the column that names it; as a
 * copy at every node; or at the coordinator alone.
 */
export type Place = { readonly byAsset: 'id' | 'asset_id' } | 'everywhere' | 'coordinator';

/**
 * Of every table, its partitions with it; docs/scale.md says what follows from it. What is about one asset lies by the asset, as it grows with the fleet. What
 * statements about many assets look up lies everywhere: small, the same for all, written seldom. All else is asked by itself and stays at
 * the coordinator, where it keeps every freedom of PostgreSQL.
 */
export const distribution: Readonly<Record<string, Place>> = {
  asset: { byAsset: 'id' },
  agent: { byAsset: 'asset_id' },
  agent_order: { byAsset: 'asset_id' },
  agent_upgrade: { byAsset: 'asset_id' },
  asset_identity: { byAsset: 'asset_id' },
  asset_release: { byAsset: 'asset_id' },
  collector_state: { byAsset: 'asset_id' },
  fact_change: { byAsset: 'asset_id' },
  fact_row: { byAsset: 'asset_id' },
  inventory: { byAsset: 'asset_id' },
  inventory_change: { byAsset: 'asset_id' },

  // What inventories hold numbers of.
  package_set: 'everywhere',
  package_version: 'everywhere',
  // What detections are joined from.
  considered: 'everywhere',
  knowledge_check: 'everywhere',
  knowledge_version: 'everywhere',
  statement: 'everywhere',
  verdict: 'everywhere',
  // What tells which detections are excepted.
  exception: 'everywhere',
  exception_check: 'everywhere',

  activation_key: 'coordinator',
  api_token: 'coordinator',
  app_user: 'coordinator',
  audit_event: 'coordinator',
  audit_intent: 'coordinator',
  check_number: 'coordinator',
  configuration_profile: 'coordinator',
  deadline: 'coordinator',
  exception_rules: 'coordinator',
  fact_base: 'coordinator',
  feed_file: 'coordinator',
  feed_state: 'coordinator',
  kysely_migration: 'coordinator',
  kysely_migration_lock: 'coordinator',
  knowledge_input: 'coordinator',
  login_attempt: 'coordinator',
  login_failure: 'coordinator',
  manifest: 'coordinator',
  notification_channel: 'coordinator',
  notification_message: 'coordinator',
  notification_position: 'coordinator',
  notification_rule: 'coordinator',
  notification_told: 'coordinator',
  organization: 'coordinator',
  platform_key: 'coordinator',
  recovery_code: 'coordinator',
  // It grows with the fleet, but some events are of no asset.
  release_event: 'coordinator',
  release_key: 'coordinator',
  release_rules: 'coordinator',
  report: 'coordinator',
  report_chunk: 'coordinator',
  report_schedule: 'coordinator',
  role: 'coordinator',
  rollout: 'coordinator',
  saved_query: 'coordinator',
  sealing: 'coordinator',
  second_factor: 'coordinator',
  session: 'coordinator',
  tag: 'coordinator',
  unjudged: 'coordinator',
  vex_document: 'coordinator',
  vex_echo: 'coordinator',
};

/**
 * What has to go before tables are put into shards. Triggers note who wrote a row, which statements say themselves (current-writer.ts): on a
 * worker they would note a transaction of its own. Ids and keys of agents cannot be unique over shards by an index: ids are random, and
 * whoever enrolls a key has a lock on it.
 */
export const preparation: readonly string[] = [
  'drop trigger note_writer on agent',
  'drop trigger note_writer on asset',
  'drop trigger note_writer on verdict',
  'drop index agent_id',
  'create index agent_id on agent (id)',
  'drop index agent_public_key',
  'create index agent_public_key on agent (public_key)',
];

/** How the tables are put in their places, by Citus' functions; `asset` first, with which the others lie together. */
export function placements(): string[] {
  return Object.entries(distribution).flatMap(([table, place]) => {
    if (place === 'coordinator') return [];
    if (place === 'everywhere') return [`select create_reference_table('${table}')`];
    const together = table === 'asset' ? '' : ", colocate_with => 'asset'";
    return [`select create_distributed_table('${table}', '${place.byAsset}'${together})`];
  });
}
