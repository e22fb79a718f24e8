import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { attentionItems } from '../shared/attention.ts';
import { ATTENTION_TEXTS } from '../shared/texts/attention.ts';
import { REMEDIES } from '../shared/texts/remedies.ts';
import { ROOT } from './support/source-tree.ts';
import { ALL_WELL } from './support/tray-facts.ts';

// Whoever reads a title on the page or in the tray finds it as a heading in docs/troubleshooting.md.

/** Titles of deliveries that stand still, for every remedy there is and for one that nobody knows. */
function standstillTitles(): string[] {
  const remedies = [...Object.keys(REMEDIES), 'unknown'];
  return remedies.flatMap((remedy) => {
    const standstill = { remedy, code: 'X', message: 'X', count: 1, recordings: [] };
    return attentionItems({ ...ALL_WELL, standstills: [standstill] }).map(({ title }) => title.en);
  });
}

it('everything that may need a person is explained under its own words, and nothing that is never said', () => {
  const others = Object.entries(ATTENTION_TEXTS).filter(([key]) => key.endsWith('Title'));
  const titles = new Set([...standstillTitles(), ...others.map(([, { en }]) => en)]);
  expect(titles.size).toBeGreaterThan(25);
  const text = readFileSync(path.join(ROOT, 'docs/troubleshooting.md'), 'utf8');
  const headings = [...text.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading!);
  expect(headings.toSorted()).toEqual([...titles].toSorted());
  const empty = headings.filter((heading) => new RegExp(`^### ${heading.replaceAll('?', '\\?')}\n+#`, 'm').test(text));
  expect(empty).toEqual([]);
});
