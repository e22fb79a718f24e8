import '@radix-ui/themes/styles.css';
import './console.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { AppearanceProvider } from './appearance.tsx';
import { createQueries, prepare } from './data/queries.ts';
import { bringFonts } from './fonts.ts';
import { startTexts } from './texts/start.ts';

/** The first picture waits no longer for what the box says. */
const FIRST_ANSWER_MS = 400;

const root = document.getElementById('root');
if (!root) throw new Error('the page has no place for the console');

const queries = createQueries();
await Promise.all([startTexts().then(bringFonts), prepare(queries, FIRST_ANSWER_MS)]);
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <AppearanceProvider>
        <App />
      </AppearanceProvider>
    </QueryClientProvider>
  </StrictMode>,
);
