import { lazy, Suspense } from 'react';
import { Route, Router, Switch } from 'wouter';
import { useHashLocation } from 'wouter/use-hash-location';
import { useLive } from './data/live.ts';
import { NowPage } from './pages/now.tsx';
import { FirstRunOffer } from './parts/first-run-offer.tsx';
import { PageWaiting } from './parts/page-waiting.tsx';
import { Shell } from './parts/shell.tsx';
import { Toasts } from './parts/toast.tsx';

const RecordingsPage = lazy(async () => ({ default: (await import('./pages/recordings.tsx')).RecordingsPage }));
const RecordingPage = lazy(async () => ({ default: (await import('./pages/recording.tsx')).RecordingPage }));
const StartPage = lazy(async () => ({ default: (await import('./pages/start.tsx')).StartPage }));
const AttentionPage = lazy(async () => ({ default: (await import('./pages/attention.tsx')).AttentionPage }));
const FirstRunPage = lazy(async () => ({ default: (await import('./pages/first-run.tsx')).FirstRunPage }));
const SettingsPage = lazy(async () => ({ default: (await import('./pages/settings.tsx')).SettingsPage }));

/** The console: one page for each thing a person comes for. Addresses stay behind the hash, so any server can deliver it. */
export function App() {
  const isConnected = useLive();
  return (
    <Router hook={useHashLocation}>
      <Shell isConnected={isConnected}>
        <FirstRunOffer />
        <Suspense fallback={<PageWaiting />}>
          <Switch>
            <Route path="/recordings" component={RecordingsPage} />
            <Route path="/recordings/:id">{({ id }) => <RecordingPage id={id} />}</Route>
            <Route path="/start" component={StartPage} />
            <Route path="/attention" component={AttentionPage} />
            <Route path="/first-run" component={FirstRunPage} />
            <Route path="/settings/:section?">{({ section }) => <SettingsPage section={section} />}</Route>
            <Route component={NowPage} />
          </Switch>
        </Suspense>
      </Shell>
      <Toasts />
    </Router>
  );
}
