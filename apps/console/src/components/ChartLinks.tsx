import { useRouter } from '@tanstack/react-router';
import { type KeyboardEvent, type MouseEvent, useRef, useState } from 'react';

export interface ChartLink {
  /** What is seen there, and what a screen reader says. */
  readonly says: string;
  readonly to: string;
  /** Where it lies, in the units of the chart. */
  readonly x: number;
  readonly width: number;
}

interface Props {
  /** What all of them are. */
  readonly name: string;
  readonly links: readonly ChartLink[];
  /** Of the chart, and of the part of it that they cover from top to bottom. */
  readonly size: { readonly width: number; readonly height: number };
  readonly top?: number;
  readonly bottom?: number;
}

const steps: Readonly<Record<string, (at: number, last: number) => number>> = {
  ArrowLeft: (at) => Math.max(0, at - 1),
  ArrowRight: (at, last) => Math.min(last, at + 1),
  Home: () => 0,
  End: (_, last) => last,
};

/** What the points of a chart lead to, laid over it: one stop of the keyboard, the newest first, and arrows from one to the next. */
export function ChartLinks({ name, links, size, top = 0, bottom = size.height }: Props) {
  const router = useRouter();
  const [chosen, setChosen] = useState<string>();
  const list = useRef<HTMLUListElement>(null);
  const found = links.findIndex(({ to }) => to === chosen);
  const stop = found === -1 ? links.length - 1 : found;
  const share = (part: number, whole: number): string => `${(part / whole) * 100}%`;

  function follow(event: MouseEvent, to: string): void {
    // Another tab or window is the browser's.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    router.history.push(to);
  }

  function move(event: KeyboardEvent): void {
    const next = steps[event.key]?.(stop, links.length - 1);
    if (next === undefined) return;
    event.preventDefault();
    setChosen(links[next]?.to);
    list.current?.querySelectorAll('a')[next]?.focus();
  }

  return (
    <ul ref={list} className="chart-links" aria-label={name}>
      {links.map(({ says, to, x, width }, index) => (
        <li key={to}>
          <a
            href={to}
            title={says}
            aria-label={says}
            tabIndex={index === stop ? 0 : -1}
            style={{
              insetInlineStart: share(x, size.width),
              inlineSize: share(width, size.width),
              insetBlockStart: share(top, size.height),
              blockSize: share(bottom - top, size.height),
            }}
            onFocus={() => setChosen(to)}
            onKeyDown={move}
            onClick={(event) => follow(event, to)}
          />
        </li>
      ))}
    </ul>
  );
}
