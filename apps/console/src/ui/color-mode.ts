import { useSyncExternalStore } from 'react';

export type ColorMode = 'light' | 'dark';
const key = 'vedette-color-mode';
const system = matchMedia('(prefers-color-scheme: dark)');
const print = matchMedia('print');
const listeners = new Set<() => void>();

/** What the person chose, or else what the system says. */
export function colorMode(): ColorMode {
  const chosen = localStorage.getItem(key);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return system.matches ? 'dark' : 'light';
}

/** Remembers a choice; choosing what the system says anyway forgets it, so that the page follows the system again. */
export function setColorMode(mode: ColorMode): void {
  if (mode === (system.matches ? 'dark' : 'light')) localStorage.removeItem(key);
  else localStorage.setItem(key, mode);
  applyColorMode();
}

/** Puts the mode on the page; called once before the first drawing. */
export function applyColorMode(): void {
  // Paper is light: printers leave the background out, not the text that stood on it.
  const mode = print.matches ? 'light' : colorMode();
  // The component library looks for this class.
  document.body.classList.toggle('awsui-dark-mode', mode === 'dark');
  document.documentElement.style.colorScheme = mode;
  for (const listener of listeners) listener();
}

system.addEventListener('change', applyColorMode);
print.addEventListener('change', applyColorMode);

export function useColorMode(): ColorMode {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, colorMode);
}
