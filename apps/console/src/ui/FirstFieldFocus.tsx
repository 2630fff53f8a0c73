import { useEffect, useRef } from 'react';

/** Not what opens a list as soon as it has the focus. */
const fields = 'input:is([type=text], [type=search], :not([type])):not([role=combobox])';

/** Beside the fields of a dialog: whoever opened it may write at once. The dialog itself gives the focus to its first button, which closes it. */
export function FirstFieldFocus() {
  const mark = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    // After the effect of the dialog, which comes after those of what is in it.
    queueMicrotask(() => mark.current?.parentElement?.querySelector<HTMLElement>(fields)?.focus());
  }, []);
  return <span ref={mark} hidden />;
}
