import { useState } from 'preact/hooks';
import { ErrorBoundary, LocationProvider, lazy, Route, Router } from 'preact-iso';
import { Footer } from './components/footer.tsx';
import { Header } from './components/header.tsx';
import { Problem } from './components/problem.tsx';

const Live = lazy(() => import('./pages/live/live.tsx').then((page) => page.Live));
const Bets = lazy(() => import('./pages/bets/bets.tsx').then((page) => page.Bets));
const Bet = lazy(() => import('./pages/bet/bet.tsx').then((page) => page.Bet));
const Batches = lazy(() => import('./pages/batches/batches.tsx').then((page) => page.Batches));
const Batch = lazy(() => import('./pages/batch/batch.tsx').then((page) => page.Batch));
const House = lazy(() => import('./pages/house/house.tsx').then((page) => page.House));
const Charts = lazy(() => import('./pages/charts/charts.tsx').then((page) => page.Charts));
const Verify = lazy(() => import('./pages/verify/verify.tsx').then((page) => page.Verify));
const Play = lazy(() => import('./pages/play/play.tsx').then((page) => page.Play));
const NotFound = lazy(() => import('./pages/not-found.tsx').then((page) => page.NotFound));

/** Header, the page of the address, footer. Each page is a file of its own, fetched when it is first shown. */
export function App() {
  const [failed, setFailed] = useState<Error | undefined>();
  return (
    <LocationProvider>
      <a class="skip-link" href="#content">
        Skip to content
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        {failed ? (
          <Problem title="This page could not be shown" error={failed} onRetry={() => location.reload()} />
        ) : (
          <ErrorBoundary onError={setFailed}>
            <Router onRouteChange={() => setFailed(undefined)}>
              <Route path="/" component={Live} />
              <Route path="/bets" component={Bets} />
              <Route path="/bets/:id" component={Bet} />
              <Route path="/batches" component={Batches} />
              <Route path="/batches/:number" component={Batch} />
              <Route path="/house" component={House} />
              <Route path="/charts" component={Charts} />
              <Route path="/verify" component={Verify} />
              <Route path="/play" component={Play} />
              <Route default component={NotFound} />
            </Router>
          </ErrorBoundary>
        )}
      </main>
      <Footer />
    </LocationProvider>
  );
}
