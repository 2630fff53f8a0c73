/** Gives memory back to the system where that is possible. Returns how many bytes of RSS were freed; 0 where it cannot. */
export function trimMemory(): number {
  return 0;
}
