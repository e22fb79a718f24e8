import { type RefObject, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';

const HEADING = 'h1, h2';

/**
 * Keeps the window's title as the page's heading is, and takes the focus to the heading when somebody went to another page, so that
 * whoever hears the page or uses the keyboard is where the change is. Pages load lazily: the heading is awaited, not assumed.
 */
export function usePageChange(main: RefObject<HTMLElement | null>): void {
  const { t } = useTranslation();
  const [location] = useLocation();
  const before = useRef({ location, heading: null as Element | null });
  const isFocusDue = useRef(false);
  const name = t('app.title');
  if (before.current.location !== location) {
    before.current.location = location;
    isFocusDue.current = true;
  }

  useEffect(() => {
    const content = main.current;
    if (!content) return;
    if (isFocusDue.current) window.scrollTo({ top: 0 });
    const follow = () => {
      const heading = content.querySelector<HTMLElement>(HEADING);
      const text = heading?.textContent?.trim();
      if (!heading || !text) return;
      const title = `${text} · ${name}`;
      if (document.title !== title) document.title = title;
      const isOther = heading !== before.current.heading;
      before.current.heading = heading;
      if (!isFocusDue.current || !isOther) return;
      isFocusDue.current = false;
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    };
    follow();
    const observer = new MutationObserver(follow);
    observer.observe(content, { childList: true, subtree: true, characterData: true });
    return () => observer.disconnect();
    // The location stands here because a page that is already loaded changes with it at once.
  }, [main, name, location]);
}
