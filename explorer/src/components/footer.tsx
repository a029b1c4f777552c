import { useEffect, useState } from 'preact/hooks';
import { config } from '../config.ts';

export function Footer() {
  const [apiUrl, setApiUrl] = useState<string | undefined>();
  useEffect(() => {
    config().then(
      (found) => setApiUrl(found.apiUrl),
      () => undefined,
    );
  }, []);
  return (
    <footer class="site-footer">
      <p>Everything shown here can be recomputed from the chain and the published blobs by anyone.</p>
      <p>
        Reads <span class="mono">{apiUrl ?? '…'}</span>
        {apiUrl && (
          <>
            {' · '}
            <a href={`${apiUrl}/docs`}>API</a>
          </>
        )}
      </p>
    </footer>
  );
}
