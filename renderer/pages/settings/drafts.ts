import { useSyncExternalStore } from 'react';
import type { Drafts, Entry } from '../../settings-model-entries.ts';
import type { Section } from '../../settings-model-sections.ts';

/** A section's unsaved work. It outlives the page: who goes back in the browser's history finds it again. */
export interface SectionWork {
  drafts: Drafts;
  /** Settings whose control was left once: only then a wrong entry is pointed out. */
  left: readonly string[];
  /** What the box refused, by setting; a setting's refusal goes when its entry changes. */
  refusals: Readonly<Record<string, string>>;
  /** What the box refused and is about no single setting. */
  trouble: string | null;
}

const NOTHING: SectionWork = { drafts: {}, left: [], refusals: {}, trouble: null };

const works = new Map<Section, SectionWork>();
const listeners = new Set<() => void>();

function put(section: Section, work: SectionWork): void {
  works.set(section, work);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

const workOf = (section: Section): SectionWork => works.get(section) ?? NOTHING;

/** The unsaved work of a section, and what can happen to it. */
export function useSectionWork(section: Section) {
  const work = useSyncExternalStore(subscribe, () => workOf(section));
  return {
    work,
    edit(key: string, entry: Entry): void {
      const now = workOf(section);
      const { [key]: _, ...refusals } = now.refusals;
      put(section, { ...now, drafts: { ...now.drafts, [key]: entry }, refusals, trouble: null });
    },
    leave(...keys: string[]): void {
      const now = workOf(section);
      if (keys.every((key) => now.left.includes(key))) return;
      put(section, { ...now, left: [...new Set([...now.left, ...keys])] });
    },
    refuse(refusals: SectionWork['refusals'], trouble: string | null): void {
      put(section, { ...workOf(section), refusals, trouble });
    },
    clear: (): void => put(section, NOTHING),
  };
}
