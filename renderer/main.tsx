import '@radix-ui/themes/styles.css';
import './console.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { AppearanceProvider } from './appearance.tsx';
import { createQueries } from './data/queries.ts';
import { startTexts } from './texts/start.ts';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no place for the console');

await startTexts();
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createQueries()}>
      <AppearanceProvider>
        <App />
      </AppearanceProvider>
    </QueryClientProvider>
  </StrictMode>,
);
