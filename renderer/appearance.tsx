import { Theme } from '@radix-ui/themes';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';

/** `system` follows the computer. */
export const APPEARANCES = ['system', 'light', 'dark'] as const;
export type Appearance = (typeof APPEARANCES)[number];

const KEY = 'appearance';

interface Choice {
  appearance: Appearance;
  choose(appearance: Appearance): void;
}

const AppearanceContext = createContext<Choice>({ appearance: 'system', choose: () => {} });

/** What a person chose, and how to choose anew. */
export function useAppearance(): Choice {
  return useContext(AppearanceContext);
}

function stored(): Appearance {
  const value = localStorage.getItem(KEY);
  return APPEARANCES.find((known) => known === value) ?? 'system';
}

function useSystemIsDark(): boolean {
  const query = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), []);
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const follow = () => setDark(query.matches);
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, [query]);
  return isDark;
}

/** Light or dark: as the computer says until somebody chooses. */
export function AppearanceProvider({ children }: { children: ReactNode }) {
  const [appearance, setAppearance] = useState(stored);
  const systemIsDark = useSystemIsDark();
  const shown = appearance === 'system' ? (systemIsDark ? 'dark' : 'light') : appearance;
  const choice = useMemo(
    () => ({
      appearance,
      choose(next: Appearance) {
        localStorage.setItem(KEY, next);
        setAppearance(next);
      },
    }),
    [appearance],
  );
  return (
    <AppearanceContext.Provider value={choice}>
      <Theme appearance={shown} accentColor="indigo" grayColor="slate" radius="medium" panelBackground="solid">
        {children}
      </Theme>
    </AppearanceContext.Provider>
  );
}
