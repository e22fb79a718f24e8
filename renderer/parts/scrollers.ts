import { type RefObject, useEffect } from 'react';

const SCROLLERS = '.rt-ScrollAreaViewport';

/**
 * What is wider than its place can be scrolled by the arrow keys as well: it takes the focus, for as long as it does not fit. Tables
 * bring their scrolling themselves, so this looks for them wherever they are.
 */
export function useFocusableScrollers(main: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const content = main.current;
    if (!content) return;
    const known = new Set<Element>();
    const judge = (scroller: Element) => {
      const fits = scroller.scrollWidth <= scroller.clientWidth && scroller.scrollHeight <= scroller.clientHeight;
      if (fits) scroller.removeAttribute('tabindex');
      else scroller.setAttribute('tabindex', '0');
    };
    const sizes = new ResizeObserver((entries) => {
      for (const { target } of entries)
        judge(target.matches(SCROLLERS) ? target : (target.closest(SCROLLERS) ?? target));
    });
    const find = () => {
      for (const scroller of known) if (!scroller.isConnected) known.delete(scroller);
      for (const scroller of content.querySelectorAll(SCROLLERS)) {
        if (known.has(scroller)) continue;
        known.add(scroller);
        sizes.observe(scroller);
        if (scroller.firstElementChild) sizes.observe(scroller.firstElementChild);
      }
    };
    find();
    const changes = new MutationObserver(find);
    changes.observe(content, { childList: true, subtree: true });
    return () => {
      changes.disconnect();
      sizes.disconnect();
    };
  }, [main]);
}
