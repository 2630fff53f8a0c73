import { createContext, type ReactNode, useContext, useEffect } from 'react';

/** What a page says to the frame around it: where it is, and what stands in the panel beside it. */
export interface FrameContent {
  readonly trail?: readonly (readonly [text: string, href: string])[];
  readonly panel?: { readonly title: string; readonly content: ReactNode; readonly onClose: () => void } | null;
}

export const FrameContext = createContext<(content: FrameContent) => void>(() => undefined);

/** Sets the breadcrumbs and the side panel while a page is shown; `key` changes when they do. */
export function useFrame(content: FrameContent, key: string): void {
  const set = useContext(FrameContext);
  useEffect(() => {
    set(content);
    return () => set({});
    // oxlint-disable-next-line react/exhaustive-deps -- the content is a new object every time; its key is not
  }, [key, set]);
}
