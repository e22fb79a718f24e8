import { useSyncExternalStore } from 'react';

/** Whether the window is at least so wide, in pixels. */
export function useIsWide(minimumPx: number): boolean {
  const query = `(min-width: ${minimumPx}px)`;
  return useSyncExternalStore(
    (onChange) => {
      const list = matchMedia(query);
      list.addEventListener('change', onChange);
      return () => list.removeEventListener('change', onChange);
    },
    () => matchMedia(query).matches,
  );
}
