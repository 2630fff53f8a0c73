import { endOfText } from './json-members.ts';

const quote = 0x22;
const comma = 0x2c;
const open: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const close: ReadonlySet<number> = new Set([0x5d, 0x7d]);
const openList = 0x5b;

/**
 * Cuts a large JSON document into several of about `partBytes`, each with everything of the whole except that its longest list on the first
 * level holds only a part of the entries. A document that is smaller, has no such list, or is no JSON, comes back as it is.
 */
export function* splitJson(document: Uint8Array, partBytes: number): Generator<Uint8Array> {
  const list = document.length > partBytes ? longestList(document, partBytes) : null;
  if (!list) {
    yield document;
    return;
  }
  const before = document.subarray(0, list.start);
  const after = document.subarray(list.end);
  const bounds = [...list.cuts, list.end];
  let start = list.start;
  for (const end of bounds) {
    yield concat([before, document.subarray(start, end), after]);
    start = end + 1;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

interface List {
  /** Behind the opening bracket, and at the closing one. */
  readonly start: number;
  end: number;
  /** Commas between entries, about `partBytes` apart. */
  readonly cuts: number[];
}

function longestList(document: Uint8Array, partBytes: number): List | null {
  let best: List | null = null;
  let list: List | null = null;
  let depth = 0;
  for (let at = 0; at < document.length; at += 1) {
    const byte = document[at] ?? 0;
    if (byte === quote) at = endOfText(document, at);
    else if (open.has(byte)) {
      depth += 1;
      if (depth === 2 && byte === openList) list = { start: at + 1, end: at, cuts: [] };
    } else if (close.has(byte)) {
      if (depth === 2 && list) {
        list.end = at;
        if (!best || list.end - list.start > best.end - best.start) best = list;
        list = null;
      }
      depth -= 1;
    } else if (byte === comma && depth === 2 && list && at - (list.cuts.at(-1) ?? list.start) >= partBytes) {
      list.cuts.push(at);
    }
  }
  return depth === 0 ? best : null;
}
