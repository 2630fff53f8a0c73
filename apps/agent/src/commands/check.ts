import { kill } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentPaths, type CheckIn } from '@vedette/protocol';
import { linuxHost } from '@vedette/host';
import { agentVersion } from '../config.ts';
import { connect } from '../connect.ts';
import { loadIdentity } from '../enrollment/identity.ts';
import { readMachine } from '../enrollment/machine.ts';
import { AgentError } from '../errors.ts';
import { openStateDirectory } from '../state/state-directory.ts';
import { lockHolder, StateLock } from '../state/state-lock.ts';
import { readStatusFile } from '../state/status-file.ts';
import { parseCheckInReply } from '../transport/replies.ts';
import type { CommandContext, CommandOutput } from './command.ts';

/** Asks the running agent to check in. A signal that does nothing to a process that does not know it. */
export const checkInSignal = 'SIGWINCH';
const longestWaitMs = 60_000;

/** One check-in now, by this process or by the agent that runs. */
export async function checkCommand(context: CommandContext): Promise<CommandOutput> {
  const { stateDirectory } = context.config;
  openStateDirectory(stateDirectory);
  const holder = lockHolder(stateDirectory);
  return holder === null ? checkHere(context) : checkThere(context, holder);
}

async function checkHere({ config: { stateDirectory, proxies }, signal }: CommandContext): Promise<CommandOutput> {
  using _lock = StateLock.acquire(stateDirectory);
  const identity = loadIdentity(stateDirectory);
  if (!identity) throw new AgentError('NOT_ENROLLED', 'this agent is not enrolled; run `vedette-agent enroll` first');
  // The running agent becomes an asset of its own; this only tells.
  const machine = (): ReturnType<typeof readMachine> => readMachine(linuxHost());
  using connection = connect({ stateDirectory, identity, proxies, signal, machine, onClone: () => undefined });
  const sentAt = new Date().toISOString();
  const { engine, client, consumption } = connection;
  const message: CheckIn = { agentVersion, sentAt, collectors: engine.states(), consumption: consumption() };
  const reply = parseCheckInReply(await client.post(agentPaths.checkIn, message, signal));
  const { standing } = connection.standing();
  const again = reply.resend.length > 0 ? `; it wants again: ${reply.resend.join(', ')}` : '';
  const json = { checkInAt: sentAt, standing, resend: reply.resend, schedule: reply.schedule };
  return { json, text: `${identity.platform} answered: ${standing}${again}` };
}

async function checkThere({ config, signal }: CommandContext, holder: number): Promise<CommandOutput> {
  const askedAt = Date.now();
  kill(holder, checkInSignal);
  while (Date.now() - askedAt < longestWaitMs) {
    const status = readStatusFile(config.stateDirectory);
    if (status && Date.parse(status.checkInAt ?? '') >= askedAt) {
      const { checkInAt, standing = 'accepted' } = status;
      return {
        json: { askedProcess: holder, checkInAt, standing },
        text: `checked in by process ${holder} at ${checkInAt}: ${standing}`,
      };
    }
    await sleep(200, undefined, { signal });
  }
  const problem = readStatusFile(config.stateDirectory)?.problem ?? 'it did not say why';
  throw new AgentError('PLATFORM', `process ${holder} has not checked in within ${longestWaitMs / 1000} seconds: ${problem}`);
}
