import type { ReactNode } from 'react';

/** Shapes on a field of 24 × 24, drawn with the colour of the text around them. */
const SHAPES = {
  now: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <circle cx="12" cy="12" r="3.25" fill="currentColor" stroke="none" />
    </>
  ),
  recordings: (
    <>
      <rect x="3.5" y="5" width="17" height="14" rx="2.5" />
      <path d="M10.25 9.25v5.5L15 12z" fill="currentColor" />
    </>
  ),
  start: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 8.25v7.5M8.25 12h7.5" />
    </>
  ),
  attention: (
    <path d="M12 4a5.5 5.5 0 0 0-5.5 5.5c0 4.2-1.5 5.6-1.5 6.75h14c0-1.15-1.5-2.55-1.5-6.75A5.5 5.5 0 0 0 12 4zM10 19.25a2.1 2.1 0 0 0 4 0" />
  ),
  settings: (
    <>
      <path d="M3.5 7.5h8.25M16.75 7.5h3.75M3.5 16.5h3.75M12.25 16.5h8.25" />
      <circle cx="14.25" cy="7.5" r="2.5" />
      <circle cx="9.75" cy="16.5" r="2.5" />
    </>
  ),
  display: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M3.5 12h17M12 3.5c2.4 2.3 3.6 5.1 3.6 8.5s-1.2 6.2-3.6 8.5c-2.4-2.3-3.6-5.1-3.6-8.5S9.6 5.8 12 3.500z" />
    </>
  ),
  simulated: (
    <path d="M9.5 3.750v5.500l-5 8.750a1.5 1.5 0 0 0 1.3 2.250h12.400a1.5 1.5 0 0 0 1.3-2.250l-5-8.750v-5.500M8 3.750h8M7.25 14.500h9.5" />
  ),
  offline: (
    <path d="M12 8.500v4.750M12 16.500v.1M10.7 4.25 3.3 17.500a1.5 1.5 0 0 0 1.3 2.250h14.800a1.5 1.5 0 0 0 1.3-2.250L13.3 4.250a1.5 1.5 0 0 0-2.6 0z" />
  ),
} as const satisfies Record<string, ReactNode>;

export type IconName = keyof typeof SHAPES;

/** Grows with the texts on large screens. */
function sized(sizePx: number): { width: string; height: string } {
  const size = `calc(${sizePx}px * var(--scaling))`;
  return { width: size, height: size };
}

/** A picture beside a word; it says nothing that the word does not. */
export function Icon({ name, sizePx = 20 }: { name: IconName; sizePx?: number }) {
  return (
    <svg
      className="icon"
      aria-hidden="true"
      style={sized(sizePx)}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {SHAPES[name]}
    </svg>
  );
}

/** The box's own sign. */
export function Logo({ sizePx = 28 }: { sizePx?: number }) {
  return (
    <svg className="icon" aria-hidden="true" style={sized(sizePx)} viewBox="0 0 32 32">
      <rect width="32" height="32" rx="8" fill="#1f2937" />
      <circle cx="16" cy="16" r="11.5" fill="none" stroke="#f9fafb" strokeWidth="2" />
      <circle cx="16" cy="16" r="7" fill="#ef4444" />
    </svg>
  );
}
