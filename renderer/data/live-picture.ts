import { type RefObject, useEffect, useState } from 'react';
import { api } from './api.ts';

const EVERY_MS = 1000;
/** Of pictures that are not there yet, or a box that is away. */
const AGAIN_MS = 2000;
const TIMEOUT_MS = 8000;

/**
 * What a recording shows now, anew each second while it is on the screen; asking costs the box something, so nobody asks for what is not
 * looked at.
 * @param isRunning whether it records now; nothing is asked before
 * @returns address of the newest picture; null when there is none, undefined until it was asked for
 */
export function useLivePicture(
  recordingId: string,
  place: RefObject<Element | null>,
  isRunning: boolean,
): string | null | undefined {
  const isSeen = useIsSeen(place) && isRunning;
  const [address, setAddress] = useState<string | null | undefined>(undefined);
  useEffect(() => {
    if (!isSeen) return;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      const askedMs = performance.now();
      const picture = await fetchPicture(recordingId, gone.signal);
      if (gone.signal.aborted) return;
      const next = picture && URL.createObjectURL(picture);
      setAddress(next);
      const restMs = picture ? EVERY_MS - (performance.now() - askedMs) : AGAIN_MS;
      timer = setTimeout(look, Math.max(100, restMs));
    };
    void look();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [recordingId, isSeen]);
  // The one before is given back when the next one stands.
  useEffect(() => {
    if (!address) return;
    return () => URL.revokeObjectURL(address);
  }, [address]);
  return address;
}

/** Null when there is none, for whatever reason: the recording itself tells why. */
async function fetchPicture(id: string, gone: AbortSignal): Promise<Blob | null> {
  try {
    const signal = AbortSignal.any([gone, AbortSignal.timeout(TIMEOUT_MS)]);
    const reply = await fetch(api().urlOf('getLivePicture', { params: { id } }), { signal });
    return reply.ok ? await reply.blob() : null;
  } catch {
    return null;
  }
}

/** Whether an element is on the screen, and the page is the one that is looked at. */
function useIsSeen(place: RefObject<Element | null>): boolean {
  const [isInView, setInView] = useState(false);
  const [isShown, setShown] = useState(() => document.visibilityState === 'visible');
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new IntersectionObserver((entries) => setInView(entries.some((entry) => entry.isIntersecting)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [place]);
  useEffect(() => {
    const note = () => setShown(document.visibilityState === 'visible');
    document.addEventListener('visibilitychange', note);
    return () => document.removeEventListener('visibilitychange', note);
  }, []);
  return isInView && isShown;
}
