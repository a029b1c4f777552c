/** What the binary exports, as `src/bindings.rs` defines it. Callers use `index.ts`. */

export type LoadOptions = {
  /** 0 chooses by the size of the tables. */
  windowBits: number;
  tablePasses: number;
  concurrentProofs: number;
  /** 0 takes one thread per core. */
  threadsPerProof: number;
  niceness: number;
  tableCache?: string;
};

export type ProofBytes = { proof: Uint8Array; compressed: Uint8Array; publicInputs: Uint8Array };

export interface AbortHandle {
  abort(): void;
}

export interface LoadedProver {
  prove(wtns: Uint8Array, abort: AbortHandle): Promise<ProofBytes>;
  readonly verifyingKey: Uint8Array;
  readonly isDevelopmentKey: boolean;
  readonly tableBytes: number;
  readonly tablesFrom: string;
}

export interface NativeBinding {
  readonly AbortHandle: new () => AbortHandle;
  poseidon(inputs: Uint8Array): Uint8Array;
  legendre(x: Uint8Array): number;
  sqrt(x: Uint8Array): Uint8Array | null;
  verifyEddsaPoseidon(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean;
  verifyEddsaPoseidonBatch(items: Uint8Array): Promise<Uint8Array>;
  publicKeyStatus(publicKey: Uint8Array): string;
  developmentSetup(r1cs: Uint8Array): Promise<Uint8Array>;
  verifyingKeyBytes(zkey: Uint8Array): Uint8Array;
  verifyGroth16(verifyingKey: Uint8Array, proof: Uint8Array, publicInputs: Uint8Array): boolean;
  loadProver(zkey: Uint8Array, options: LoadOptions): Promise<LoadedProver>;
}
