/**
 * Changes that the kernel tells other than by a file. `interfaces`: links and addresses. `listeners`: listening TCP and bound UDP
 * sockets. `mounts`: the table of mounts. `hostname`: the kernel's host name.
 */
export const hostEvents = ['interfaces', 'listeners', 'mounts', 'hostname'] as const;
export type HostEvent = (typeof hostEvents)[number];

/**
 * What can change a collector's answer: an event, or an absolute path. A file is watched for any change, also of its owner and mode, a directory
 * for changes of its entries but not of what lies deeper; `/**` at the end also takes the directories below it.
 */
export type Watch = HostEvent | `/${string}`;
