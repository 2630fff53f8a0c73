import { type EventKindName, eventKinds } from '@vedette/protocol';
import type { EventKind } from './event-kind.ts';
import { agentEvents } from './kinds/agent.ts';
import { detectionEvents } from './kinds/detection.ts';
import { factEvents } from './kinds/fact.ts';
import { knowledgeEvents } from './kinds/knowledge.ts';
import { packageEvents } from './kinds/package.ts';
import { upgradeEvents } from './kinds/upgrade.ts';

const byName: Readonly<Record<EventKindName, EventKind>> = {
  knowledge: knowledgeEvents,
  detection: detectionEvents,
  package: packageEvents,
  fact: factEvents,
  agent: agentEvents,
  upgrade: upgradeEvents,
};

/** Every kind of event, in the order in which those of one moment are told. A new one has a file here and its name in the protocol. */
export const allEventKinds: readonly EventKind[] = eventKinds.map((name) => byName[name]);
