import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Route, Router, Switch } from 'wouter';
import { useHashLocation } from 'wouter/use-hash-location';
import { useLive } from './data/live.ts';
import { NowPage } from './pages/now.tsx';
import { Shell } from './parts/shell.tsx';

const RecordingsPage = lazy(async () => ({ default: (await import('./pages/recordings.tsx')).RecordingsPage }));
const RecordingPage = lazy(async () => ({ default: (await import('./pages/recording.tsx')).RecordingPage }));
const AttentionPage = lazy(async () => ({ default: (await import('./pages/attention.tsx')).AttentionPage }));

/** The console: one page for each thing a person comes for. Addresses stay behind the hash, so any server can deliver it. */
export function App() {
  const { t } = useTranslation();
  const isConnected = useLive();
  return (
    <Router hook={useHashLocation}>
      <Shell isConnected={isConnected}>
        <Suspense fallback={<p>{t('common.loading')}</p>}>
          <Switch>
            <Route path="/recordings" component={RecordingsPage} />
            <Route path="/recordings/:id">{({ id }) => <RecordingPage id={id} />}</Route>
            <Route path="/attention" component={AttentionPage} />
            <Route component={NowPage} />
          </Switch>
        </Suspense>
      </Shell>
    </Router>
  );
}
