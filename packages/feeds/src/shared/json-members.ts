const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openObject = 0x7b;
const closeObject = 0x7d;
const openList = 0x5b;
const closeList = 0x5d;

/** A member of a JSON object, both sides still as they stand in the document. */
export interface JsonMember {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * The members of a document that is one large JSON object, without reading more than brackets and texts of it: each can be parsed on
 * its own, so that memory never holds the whole as values. Null at the end of a document that is cut or no object; what was given
 * before stands, so the caller decides with that.
 */
export function* jsonMembers(document: Uint8Array): Generator<JsonMember | null> {
  let at = afterBlanks(document, 0);
  if (document[at] !== openObject) return yield null;
  at = afterBlanks(document, at + 1);
  if (document[at] === closeObject) return yield* end(document, at);
  for (;;) {
    const keyEnd = document[at] === quote ? endOfText(document, at) + 1 : -1;
    const valueStart = keyEnd < 0 ? -1 : afterBlanks(document, keyEnd);
    if (valueStart < 0 || document[valueStart] !== colon) return yield null;
    const valueEnd = endOfValue(document, valueStart + 1);
    if (valueEnd >= document.length) return yield null;
    yield { key: document.subarray(at, keyEnd), value: document.subarray(valueStart + 1, valueEnd) };
    if (document[valueEnd] === closeObject) return yield* end(document, valueEnd);
    if (document[valueEnd] !== comma) return yield null;
    at = afterBlanks(document, valueEnd + 1);
  }
}

/** Nothing but blanks may follow. */
function* end(document: Uint8Array, at: number): Generator<null> {
  if (afterBlanks(document, at + 1) < document.length) yield null;
}

function afterBlanks(document: Uint8Array, start: number): number {
  let at = start;
  while (document[at] === 0x20 || document[at] === 0x0a || document[at] === 0x0d || document[at] === 0x09) at += 1;
  return at;
}

/** Index of the comma or bracket behind the value; the end of the document when there is none. */
function endOfValue(document: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < document.length; at += 1) {
    const byte = document[at];
    if (byte === quote) at = endOfText(document, at);
    else if (byte === openObject || byte === openList) depth += 1;
    else if (depth === 0 && (byte === comma || byte === closeObject || byte === closeList)) return at;
    else if (byte === closeObject || byte === closeList) depth -= 1;
  }
  return document.length;
}

/** Index of the closing quotation mark; the end of the document when there is none. */
export function endOfText(document: Uint8Array, start: number): number {
  for (let at = document.indexOf(quote, start + 1); at >= 0; at = document.indexOf(quote, at + 1)) {
    let backslashes = 0;
    while (document[at - 1 - backslashes] === backslash) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return document.length;
}
