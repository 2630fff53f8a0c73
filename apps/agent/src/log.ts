export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];
export type LogFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
/** Reports one event; `event` is a fixed name, what varies goes into the fields. Never hand it a secret. */
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void;

/** One JSON object a line: time, level, event, fields. Events below `threshold` are dropped. */
export function createLog(threshold: LogLevel, write: (line: string) => void): Log {
  const lowest = logLevels.indexOf(threshold);
  return (level, event, fields = {}) => {
    if (logLevels.indexOf(level) < lowest) return;
    write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  };
}
