/** When agents speak of themselves; changes are sent when they happen. Jittered by the agent. */
export const schedule = { checkInSeconds: 60, fullScanSeconds: 4 * 3600 } as const;
