import { Callout, IconButton } from '@radix-ui/themes';
import { useEffect, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import './toast.css';

interface Toast {
  /** Rises with each one. */
  number: number;
  text: string;
}

/** Long enough to be read twice. */
const SHOWN_MS = 9000;

let current: Toast | null = null;
const watchers = new Set<() => void>();

function change(next: Toast | null): void {
  current = next;
  for (const watcher of watchers) watcher();
}

/** Says in passing that something was done; it goes by itself, on whichever page one is by then. */
export function toast(text: string): void {
  change({ number: (current?.number ?? 0) + 1, text });
}

/** The place for what `toast` says; once on the page. */
export function Toasts() {
  const { t } = useTranslation();
  const shown = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => current,
  );
  useEffect(() => {
    if (shown === null) return;
    const timer = setTimeout(() => change(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  return (
    <div className="toasts" role="status">
      {shown && (
        <Callout.Root key={shown.number} color="green" highContrast size="1" className="toast">
          <Callout.Text>{shown.text}</Callout.Text>
          <IconButton
            size="1"
            variant="ghost"
            color="gray"
            highContrast
            aria-label={t('common.close')}
            onClick={() => change(null)}
          >
            <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" stroke="currentColor" strokeWidth="1.75">
              <path d="M2.500 2.500l9 9M11.500 2.500l-9 9" />
            </svg>
          </IconButton>
        </Callout.Root>
      )}
    </div>
  );
}
