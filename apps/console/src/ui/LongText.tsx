/** So many characters are shown at once. */
const shown = 240;

/** What somebody wrote: as much of it as a row of a table has room for, the rest on demand. */
export function LongText({ text }: { text: string }) {
  if (text.length <= shown) return <div className="quiet">{text}</div>;
  return (
    <details className="quiet long-text">
      <summary>{text.slice(0, shown)} …</summary>
      {text.slice(shown)}
    </details>
  );
}
