import Modal from '@cloudscape-design/components/modal';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { paths } from '../paths.ts';

const places: Readonly<Record<string, readonly [string, string]>> = {
  h: ['Dashboard', paths.dashboard()],
  a: ['Assets', paths.assets()],
  d: ['Detections', paths.detections()],
  c: ['Checks', paths.checks()],
  s: ['Software', paths.software()],
  e: ['Events', paths.events()],
  q: ['Saved queries', paths.queries()],
  t: ['Compare two moments', paths.compare()],
  k: ['Knowledge base', paths.knowledge()],
};
const opening = 'vedette:show-shortcuts';
/** How long after "g" its second key counts. */
const chordMs = 1200;

export function showShortcuts(): void {
  dispatchEvent(new Event(opening));
}

/** Keys for the whole console, and the sheet that lists them. */
export function Shortcuts() {
  const router = useRouter();
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    let chordUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const place = event.timeStamp < chordUntil && Object.hasOwn(places, event.key) ? places[event.key] : undefined;
      chordUntil = event.key === 'g' ? event.timeStamp + chordMs : 0;
      if (place) router.history.push(place[1]);
      else if (event.key === '?') setVisible(true);
      else if (event.key === '/') {
        event.preventDefault();
        document.querySelector<HTMLInputElement>('#content input[type="search"], #content .filter-search input')?.focus();
      }
    };
    const open = () => setVisible(true);
    addEventListener('keydown', onKey);
    addEventListener(opening, open);
    return () => {
      removeEventListener('keydown', onKey);
      removeEventListener(opening, open);
    };
  }, [router]);
  return (
    <Modal visible={visible} onDismiss={() => setVisible(false)} header="Keyboard shortcuts" closeAriaLabel="Close">
      <dl className="keys">
        <dt>
          <kbd>/</kbd>
        </dt>
        <dd>Write a query, or search this page</dd>
        <div>
          <dt>
            <kbd>Ctrl</kbd> <kbd>k</kbd>
          </dt>
          <dd>Go to any page, asset, check, package or saved query</dd>
        </div>
        {Object.entries(places).map(([key, [name]]) => (
          <div key={key}>
            <dt>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{name}</dd>
          </div>
        ))}
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>This sheet</dd>
      </dl>
    </Modal>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}
