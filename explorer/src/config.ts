/** Where this explorer's house is found. */
export interface ExplorerConfig {
  /** The sequencer's API, without a slash at the end. */
  apiUrl: string;
  /** JSON-RPC of the chain. */
  rpcUrl: string;
}

let loading: Promise<ExplorerConfig> | undefined;

/** What the server that sent this page says of where things are; asked once, and again after a failure. */
export function config(): Promise<ExplorerConfig> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<ExplorerConfig> {
  // As index.html preloads it: another mode would fetch it twice.
  const response = await fetch('/config.json', { credentials: 'same-origin' });
  if (!response.ok) throw new Error(`the explorer's server answered ${response.status}`);
  const { api_url: apiUrl, rpc_url: rpcUrl } = (await response.json()) as { api_url: string; rpc_url: string };
  return { apiUrl, rpcUrl };
}
