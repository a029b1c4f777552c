/** Base units in one stake unit: a payout is then exact for any odds in basis points. */
export const STAKE_UNIT = 10_000n;
/** First stake that no longer fits its lane, in stake units. */
export const STAKE_UNITS_LIMIT = 1n << 40n;
/** Basis points of the whole stake. */
export const BASIS_POINTS = 10_000n;
/** The only game so far: a coin flip, choice 0 tails and 1 heads. */
export const GAME_COIN_FLIP = 0;
/** Bets in one range of revealed seeds. */
export const SEED_RANGE_SIZE = 256;
/** Levels of a range's Merkle tree. */
export const SEED_TREE_DEPTH = 8;
/** Most bets of one batch: their outcomes are the bits of one field element. */
export const MAX_BATCH_BETS = 250;
/** The genesis hash of Solana's mainnet-beta, in base58: development keys are refused there. */
export const MAINNET_GENESIS_HASH = '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d';
/** Solana's public clusters by their genesis hash, base58 (docs.anza.xyz/clusters/available). */
export const PUBLIC_CLUSTERS: Readonly<Record<string, 'mainnet-beta' | 'testnet' | 'devnet'>> = {
  [MAINNET_GENESIS_HASH]: 'mainnet-beta',
  '4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY': 'testnet',
  EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG: 'devnet',
};
/** First value that no longer fits 64 bits. */
export const U64_LIMIT = 1n << 64n;
