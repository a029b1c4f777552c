/** A store of blobs elsewhere, from which anyone can fetch them. */
export interface RemoteBlobStore {
  /** What the log and health call it; nothing secret. */
  readonly name: string;
  /** Has it keep a blob; the same blob again does no harm. `BLOB_STORE_FAILED` if it does not say that it does. */
  put(blob: { cid: string; hash: Uint8Array; bytes: Uint8Array }, signal: AbortSignal): Promise<void>;
  /** What it keeps under a CID, unchecked; undefined if it shows nothing. `BLOB_STORE_FAILED` if it gives no answer. */
  get(cid: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
}
