/**
 * What crosses a wire or a release boundary: schemas, endpoints, limits, digests and signature texts. Pure: it sees nothing but
 * the language. Every other room may import it; it imports none.
 */
export * from './agent/agent-states.ts';
export * from './agent/columnar.ts';
export * from './agent/digest.ts';
export * from './agent/http-signature.ts';
export * from './agent/manifest.ts';
export * from './agent/orders.ts';
export * from './agent/wire.ts';
export * from './api/activation-keys.ts';
export * from './api/assets.ts';
export * from './api/dashboard.ts';
export * from './api/detection-counts.ts';
export * from './api/detections.ts';
export { endpoints } from './api/endpoints.ts';
export * from './api/knowledge.ts';
export * from './api/orders.ts';
export * from './api/releases.ts';
export * from './api/posture.ts';
export * from './api/replay.ts';
export * from './api/session.ts';
export * from './api/tags.ts';
export * from './endpoint.ts';
export * from './facts/fact.ts';
export * from './facts/facts.ts';
export * from './facts/inventory-facts.ts';
export * from './facts/package-facts.ts';
export * from './facts/posture-facts.ts';
export * from './ids.ts';
export * from './knowledge/advisory.ts';
export { checkNumber, firstRegisteredCheckNumber } from './knowledge/check-number.ts';
export * from './knowledge/check.ts';
export * from './knowledge/ecosystem-name.ts';
export * from './knowledge/evidence.ts';
export * from './knowledge/lifecycle.ts';
export * from './knowledge/posture.ts';
export * from './knowledge/severity.ts';
export * from './limits.ts';
export { Problem } from './problem.ts';
export * from './release/distributed-name.ts';
export * from './release/origins.ts';
export * from './release/target.ts';
export * from './release/upgrade.ts';
