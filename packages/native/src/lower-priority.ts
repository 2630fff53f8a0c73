import { cLibrary, lazily } from './c-library.ts';

const leastNice = 19;
const idlePolicy = 5; // SCHED_IDLE
const oneProcess = 1; // IOPRIO_WHO_PROCESS
const idleIoClass = 3 << 13; // IOPRIO_CLASS_IDLE
/** ioprio_set(2) has no wrapper in the C library; its number differs by architecture. */
const ioprioSet = new Map([
  ['x64', 251n],
  ['arm64', 30n],
]);

const load = lazily(() =>
  cLibrary({
    setpriority: { arguments: ['int32', 'uint32', 'int32'], return: 'int32' },
    sched_setscheduler: { arguments: ['int32', 'int32', 'pointer'], return: 'int32' },
    syscall: { arguments: ['int64', 'int64', 'int64', 'int64'], return: 'int64' },
  }),
);

/**
 * Gives another process what nobody else wants: nice 19, SCHED_IDLE (sched(7)), I/O class idle (ioprio_set(2)). Its later children and
 * threads inherit that. False when one of the three was refused. Never for this process: its timers would come seconds late.
 */
export function lowerPriority(pid: number): boolean {
  const c = load();
  const number = ioprioSet.get(process.arch);
  if (c === null || number === undefined || pid === process.pid || pid <= 0) return false;
  const parameters = Buffer.alloc(4); // struct sched_param: priority 0
  return [
    c.call.setpriority(0, pid, leastNice) === 0,
    c.call.sched_setscheduler(pid, idlePolicy, parameters) === 0,
    c.call.syscall(number, BigInt(oneProcess), BigInt(pid), BigInt(idleIoClass)) === 0n,
  ].every(Boolean);
}
