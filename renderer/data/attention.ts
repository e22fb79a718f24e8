import { useEffect, useState } from 'react';
import type { AttentionFacts } from '../../shared/attention.ts';
import { useRoute } from './queries.ts';
import { useMay } from './session.ts';

/** Disks and clocks change without an event. */
const REFRESH_MS = 15_000;

/** What needs a person, as facts; undefined until the box has told. */
export function useAttentionFacts(): { facts: AttentionFacts | undefined; error: unknown } {
  const enabled = useMay('operate');
  const { data, error } = useRoute('getAttention', {}, { enabled, refetchMs: REFRESH_MS });
  return { facts: data, error };
}

/** How many things need a person. The words for them are fetched apart: the first screen shows the number alone. */
export function useAttentionCount(): number {
  const { facts } = useAttentionFacts();
  const [count, setCount] = useState(0);
  useEffect(() => {
    if (!facts) return;
    let isCurrent = true;
    void import('../../shared/attention.ts').then(({ attentionCount }) => {
      if (isCurrent) setCount(attentionCount(facts));
    });
    return () => {
      isCurrent = false;
    };
  }, [facts]);
  return count;
}
