import { isLocked as lockState } from '@vedette/native';

/** Whether another process holds a POSIX lock on the file, as package managers do for the whole of a run; false where it cannot be told. */
export function isLocked(path: string): boolean {
  return lockState(path) ?? false;
}
