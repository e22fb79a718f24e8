import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { attentionItems } from '../../shared/attention.ts';
import type { Language } from '../../shared/texts/language.ts';
import { ALL_WELL, AT_REST, running, wordsIn } from '../../test/support/tray-facts.ts';
import type { TrayFacts } from './facts.ts';
import { type MenuNode, trayMenu, type UpdateFacts } from './menu.ts';
import { en } from './texts/en.ts';
import { zhCN } from './texts/zh-CN.ts';

// The manual shows the menu as text: what it shows is made here from the menu itself, and every word of the menu has to be in it.

const BUSY: TrayFacts = {
  ...AT_REST,
  running: [running('43474'), running('lesson-7', { state: 'waiting' })],
  uploads: { active: 0, waiting: 3, blocked: 1, offlineSince: '2030-01-01T14:32:00.000Z', windowOpensAt: null },
  attention: attentionItems({ ...ALL_WELL, selfTest: 'failed', simulated: true }),
};
const STATES: Readonly<Record<'rest' | 'busy', [TrayFacts, UpdateFacts]>> = {
  rest: [AT_REST, { step: 'idle', version: null, isTroubled: false }],
  busy: [BUSY, { step: 'ready', version: '1.2.3', isTroubled: false }],
};
const MANUALS = { en: '../../docs/manual/operator.md', zh: '../../docs/manual/operator.zh-CN.md' } as const;
const TEXTS = { en, zh: zhCN } as const;

const manual = (language: Language): string => readFileSync(new URL(MANUALS[language], import.meta.url), 'utf8');

/** Greyed entries in parentheses, ticks in brackets, what a submenu holds further in. */
function drawn(nodes: readonly MenuNode[], indent = ''): string[] {
  return nodes.flatMap((node) => {
    if (node.kind === 'separator') return [`${indent}────────`];
    const tick = node.checked === null ? '' : node.checked ? '[x] ' : '[ ] ';
    const label = `${tick}${node.label}`;
    return [indent + (node.enabled ? label : `(${label})`), ...drawn(node.children, `${indent}    `)];
  });
}

describe.each(['en', 'zh'] as const)('the manual in %s', (language) => {
  it.each(['rest', 'busy'] as const)('shows the menu as it is: %s', (state) => {
    const [facts, update] = STATES[state];
    const menu = drawn(trayMenu(facts, { launchesAtLogin: state === 'busy', update }, wordsIn(language)));
    expect(manual(language)).toContain(['```text', ...menu, '```'].join('\n'));
  });

  it('has every word of the menu and of the tooltip', () => {
    const text = manual(language);
    const missing = Object.entries(TEXTS[language]).filter(([key, words]) => {
      if (!/^(menu|status|state)\./.test(key)) return false;
      const pattern = words.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '.{1,30}');
      return !new RegExp(pattern).test(text);
    });
    expect(missing).toEqual([]);
  });
});
