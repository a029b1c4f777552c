import { useEffect, useState } from 'preact/hooks';
import { config } from '../config.ts';
import { Copyable } from './copyable.tsx';

/** A blob by its CID, as the API serves it. */
export function BlobLink({ cid }: { cid: string }) {
  const [href, setHref] = useState<string | undefined>();
  useEffect(() => {
    config().then(
      ({ apiUrl }) => setHref(`${apiUrl}/v1/blobs/${encodeURIComponent(cid)}`),
      () => undefined,
    );
  }, [cid]);
  return <Copyable text={cid} what="blob's CID" href={href} whole />;
}
