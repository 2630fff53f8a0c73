import { useEffect, useState } from 'react';

/** Short enough to feel immediate, long enough for the next key. */
const settleMs = 200;

/** The value once it has not changed for a moment, so that typing does not ask the platform at every key. */
export function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settleMs);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
