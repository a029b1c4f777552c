import { type Address, createSolanaRpc, devnet, lamports } from '@solana/kit';

/** Clusters whose lamports are money. */
const MAINNET = '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d';
const METHOD_NOT_FOUND = -32601;
const TIMEOUT_MS = 10_000;
/** An airdrop can be lost with its block; longer, and the faucet gives nothing. */
const ASK_AGAIN_MS = 15_000;
const GIVE_UP_MS = 60_000;
const POLL_MS = 250;

/** The chain's tap of play money, where it has one. */
export class Faucet {
  readonly #rpcUrl: string;
  readonly #rpc;

  constructor(rpcUrl: string) {
    this.#rpcUrl = rpcUrl;
    // For its type alone, which has airdrops: which chain it is, the node says.
    this.#rpc = createSolanaRpc(devnet(rpcUrl));
  }

  /** Whether lamports are play money here: not on mainnet, nor where the node knows no airdrops. */
  async isOpen(): Promise<boolean> {
    const genesis = await this.#rpc.getGenesisHash().send({ abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
    if (genesis === MAINNET) return false;
    // Without parameters nothing is given: the error tells whether the method is there.
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'requestAirdrop', params: [] });
    const headers = { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(this.#rpcUrl, { method: 'POST', headers, body, signal });
    const { error } = (await response.json()) as { error?: { code?: number } };
    return error?.code !== METHOD_NOT_FOUND;
  }

  async balance(address: Address): Promise<bigint> {
    return (
      await this.#rpc.getBalance(address, { commitment: 'finalized' }).send({ abortSignal: AbortSignal.timeout(TIMEOUT_MS) })
    ).value;
  }

  /** Asks until the wallet has at least this much at finality. Throws once that has taken too long. */
  async fill(address: Address, least: bigint): Promise<void> {
    const startedAtMs = performance.now();
    let askedAtMs = Number.NEGATIVE_INFINITY;
    let failure: unknown = new Error('the faucet gave nothing');
    while (performance.now() - startedAtMs < GIVE_UP_MS) {
      try {
        const has = await this.balance(address);
        if (has >= least) return;
        if (performance.now() - askedAtMs > ASK_AGAIN_MS) {
          await this.#rpc.requestAirdrop(address, lamports(least - has)).send({ abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
          askedAtMs = performance.now();
        }
      } catch (error) {
        failure = error;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new FaucetError(failure instanceof Error ? failure.message : String(failure));
  }
}

export class FaucetError extends Error {
  readonly code = 'FAUCET_EMPTY';
}
