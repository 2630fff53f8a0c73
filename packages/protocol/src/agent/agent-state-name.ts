import { z } from 'zod';
import { agentStates } from './agent-states.ts';

export type AgentStateName = keyof typeof agentStates;
export const AgentStateName = z.enum(Object.keys(agentStates) as [AgentStateName, ...AgentStateName[]]); // its own keys, never none
