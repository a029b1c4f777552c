/** Every limit of the local chain, in one place. Cluster constants name their source in Solana's Agave validator. */

/** Largest serialized transaction: `PACKET_DATA_SIZE`. LiteSVM does not enforce it, so this chain does. */
export const MAX_TRANSACTION_BYTES = 1_232;
/** A transaction may be processed while its blockhash is at most this many blocks old: `MAX_PROCESSING_AGE`. */
export const MAX_BLOCKHASH_AGE_SLOTS = 150;
/** Entries of the SlotHashes sysvar: `MAX_ENTRIES`. */
export const SLOT_HASHES_ENTRIES = 512;
/** Slots of an epoch, without warm-up: `DEFAULT_SLOTS_PER_EPOCH`. */
export const SLOTS_PER_EPOCH = 432_000;
/** Age of a landed signature that `getSignatureStatuses` still finds without `searchTransactionHistory`. */
export const RECENT_STATUS_SLOTS = 300;
/** Signatures in one `getSignatureStatuses`: `MAX_GET_SIGNATURE_STATUSES_QUERY_ITEMS`. */
export const MAX_SIGNATURE_STATUSES = 256;
/** Addresses in one `getMultipleAccounts`: `MAX_MULTIPLE_ACCOUNTS`. */
export const MAX_MULTIPLE_ACCOUNTS = 100;
/** Entries of one `getSignaturesForAddress`. */
export const MAX_SIGNATURES_FOR_ADDRESS = 1_000;
/** Filters of one `getProgramAccounts`: `MAX_GET_PROGRAM_ACCOUNT_FILTERS`. */
export const MAX_PROGRAM_ACCOUNT_FILTERS = 4;
/** Bytes of one memcmp filter: `MAX_DATA_SIZE`. */
export const MAX_MEMCMP_BYTES = 128;
/** Account data that base58 may carry: `MAX_BASE58_BYTES`. */
export const MAX_BASE58_DATA_BYTES = 128;

/** Transactions made durable by one journal write. */
export const MAX_GROUP_TRANSACTIONS = 128;
/** Transactions waiting for the journal; beyond it a sender is told to come back later. */
export const MAX_PENDING_TRANSACTIONS = 4_096;
/** Payload of one journal frame: a full group and its header, with room to spare. */
export const MAX_FRAME_PAYLOAD_BYTES = 256 * 1_024;
/** Slots that are reserved on disk at a time, so that a restart never shows a slot number twice. */
export const SLOT_RESERVATION_SLOTS = 32;
/** Slots that a late timer catches up; a longer gap (a suspended machine) means that the chain stood still. */
export const MAX_CATCH_UP_SLOTS = 64;
/** Slots that one `skipSlots` passes over. */
export const MAX_SKIPPED_SLOTS = 200_000;
/** Lag of block time behind the wall clock that makes the chain write a new time anchor. */
export const MAX_CLOCK_LAG_MS = 5_000;
/** Landed transactions kept in memory with their logs; older ones are unknown to queries. */
export const DEFAULT_HISTORY_TRANSACTIONS = 100_000;
/** Bytes of logs per transaction, the validator's own default. */
export const MAX_LOG_BYTES = 10_000;
/** One airdrop: 1,000,000 SOL. */
export const MAX_AIRDROP_LAMPORTS = 1_000_000_000_000_000n;
/** Lamports of the faucet at genesis: 5,000,000,000 SOL. */
export const FAUCET_LAMPORTS = 5_000_000_000_000_000_000n;
/** Size of a program file. */
export const MAX_PROGRAM_BYTES = 10 * 1_024 * 1_024;

/** HTTP body. */
export const MAX_BODY_BYTES = 256 * 1_024;
/** Requests in one JSON-RPC array. */
export const MAX_BATCH_REQUESTS = 100;
/** Open HTTP sockets, WebSockets included. */
export const MAX_CONNECTIONS = 1_024;
/** Open WebSockets. */
export const MAX_WEBSOCKETS = 256;
/** One WebSocket message from a client. */
export const MAX_WEBSOCKET_MESSAGE_BYTES = 64 * 1_024;
/** Subscriptions of one WebSocket. */
export const MAX_SUBSCRIPTIONS_PER_WEBSOCKET = 1_024;
/** Unsent bytes after which a WebSocket that does not read is cut off. */
export const MAX_WEBSOCKET_BUFFERED_BYTES = 4 * 1_024 * 1_024;
/** Time a client has to send its whole HTTP request. */
export const REQUEST_TIMEOUT_MS = 10_000;
