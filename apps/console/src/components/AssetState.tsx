import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { type AgentStateName, agentStates } from '@vedette/protocol';

const looks = { active: 'success', enrolling: 'pending', archived: 'stopped' } as const;

/** State of an asset's agent; what it means is its title. */
export function AssetState({ state }: { state: AgentStateName }) {
  const look = Object.hasOwn(looks, state) ? looks[state as keyof typeof looks] : 'warning'; // an own key, by the condition
  return (
    <span title={agentStates[state].describes}>
      <StatusIndicator type={look}>{state}</StatusIndicator>
    </span>
  );
}
