import { type RefObject, useEffect } from 'react';

/**
 * Takes away what the library draws wrong for assistive technology and gives no way to leave out, whenever it draws it anew, which it does
 * without telling whoever uses it.
 */
export function useCorrectedLayout(layout: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = layout.current;
    if (!element) return undefined;
    const observer = new MutationObserver(() => correct(element));
    correct(element);
    observer.observe(element, { subtree: true, childList: true, attributeFilter: ['aria-orientation'] });
    return () => observer.disconnect();
  }, [layout]);
}

function correct(element: HTMLElement): void {
  // On a narrow window its navigation has an attribute that a navigation may not have (WAI-ARIA 1.2, 6.6).
  element.querySelector('nav[aria-orientation]')?.removeAttribute('aria-orientation');
  // A browser gives the focus to whatever scrolls: to the second scroll bar of a wide table too, which has no name and says nothing that
  // the table itself, which has the focus before it, does not.
  for (const bar of element.querySelectorAll('[class*=awsui_sticky-scrollbar_]:not([tabindex])'))
    bar.setAttribute('tabindex', '-1');
}
