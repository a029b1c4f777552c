import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Address,
  createDefaultRpcTransport,
  createSolanaRpcFromTransport,
  generateKeyPairSigner,
  type Instruction,
  isJsonRpcPayload,
  type KeyPairSigner,
  lamports,
} from '@solana/kit';
import { pino } from 'pino';
import { startTestChain, temporaryDirectory } from '../../localchain/test-harness.ts';
import {
  addTerms,
  addVerifyingKey,
  advanceEpoch,
  compareAddresses,
  deposit,
  fundHouse,
  houseAddress,
  initHouse,
  openVault,
  vaultAddress,
} from '../../program/client/index.ts';
import { keyBytes, simulateProof, TRAPDOOR } from '../../program/test/trapdoor.ts';
import { type PublicBatch, publicInput } from '../../protocol/batch.ts';
import { BatchPacketLimit, deriveBatchAccounts } from '../chain/batch-transaction.ts';
import { LookupTables } from '../chain/lookup-tables.ts';
import { ChainReader } from '../chain/reader.ts';
import type { ChainRpc } from '../chain/rpc.ts';
import { SolanaSettlementChain } from '../chain/settlement-chain.ts';
import { sendBytes, signTransaction } from '../chain/transactions.ts';
import { LOCAL_PROGRAM_ADDRESS } from '../config.ts';
import { addressBytes } from '../ledger/addresses.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { RunRecord } from '../ledger/records.ts';

const program = LOCAL_PROGRAM_ADDRESS;
const SOL = 1_000_000_000n;
const TERMS = { id: 1, vrfCommitment: 1_234_567n, profitBps: 9_800 };
const LEADER = { epoch: 5n, nonce: 77n };
const DEPOSIT = 5n * SOL;
/** Enough for a transaction to be final and for its entries to resolve. */
const SETTLED_SLOTS = 8;
export const LARGE = { name: 'large', vkId: 3, maxBets: 62, maxVaults: 16 };

/** A house of the real program on the local chain, its vaults with pending deposits, a ledger, and lookup tables over both. */
export class TableWorld {
  readonly #directory = temporaryDirectory();
  readonly #log = pino({ enabled: false });
  #chain!: Awaited<ReturnType<typeof startTestChain>>;
  ledger!: Ledger;
  rpc!: ChainRpc;
  settler!: KeyPairSigner;
  house!: Address;
  vaults: Address[] = [];
  tables!: LookupTables;
  settlement!: SolanaSettlementChain;
  limit!: BatchPacketLimit;
  nowMs = 0;
  /** Transactions that are sent get lost, and the sender hears nothing of it. */
  isLosing = false;
  /** What the node says instead of running a transaction dry. */
  refusal: string | undefined;
  /** Reads of accounts fail. */
  isBlind = false;

  async open(vaultCount = 16): Promise<this> {
    const path = fileURLToPath(new URL('../../program/prebuilt/zk_casino.so', import.meta.url));
    this.#chain = await startTestChain({
      directory: join(this.#directory.path, 'chain'),
      programs: [{ address: program, path }],
    });
    this.rpc = this.#lossyRpc(this.#chain.server.url);
    this.ledger = await this.#openLedger();
    const [authority, settler] = [await this.#funded(), await this.#funded()];
    this.settler = settler;
    const house = await houseAddress({ program, creator: authority.address });
    this.house = house;
    const receiptKey = addressBytes(settler.address);
    const delays = { exitDelaySlots: 2_000n, changeDelaySlots: 5_000n };
    const made = { program, creator: authority, authority: authority.address, settler: settler.address, receiptKey };
    await this.land(authority, [await initHouse({ ...made, genesisHash: new Uint8Array(32).fill(7), ...delays })]);
    await this.land(authority, [await addTerms({ program, authority, house, ...TERMS })]);
    const key = { id: LARGE.vkId, maxBets: LARGE.maxBets, maxVaults: LARGE.maxVaults, key: keyBytes(TRAPDOOR) };
    await this.land(authority, [await addVerifyingKey({ program, authority, house, ...key })]);
    await this.land(authority, [await fundHouse({ program, payer: authority, house, amount: 100n * SOL })]);
    const { epoch: to, nonce } = LEADER;
    await this.land(settler, [advanceEpoch({ program, leader: settler, house, from: 0n, to, nonce })]);
    this.vaults = await Promise.all(Array.from({ length: vaultCount }, (_, index) => this.#openVault(index)));
    this.vaults.sort(compareAddresses);
    await this.addSlots(SETTLED_SLOTS);
    await this.attach();
    return this;
  }

  async close(): Promise<void> {
    await this.ledger.close();
    await this.#chain.close();
    this.#directory.remove();
  }

  addSlots(slots: number): Promise<void> {
    return this.#chain.addSlots(slots);
  }

  /** What a process makes of the ledger and the chain at its start. */
  async attach(capacity?: number): Promise<void> {
    const { rpc, settler, house, ledger } = this;
    const nowMs = () => this.nowMs;
    const accounts = await deriveBatchAccounts({ program, house, termsIds: [TERMS.id], vkIds: [LARGE.vkId] });
    const constants = [house, ...accounts.terms.values(), ...accounts.verifyingKeys.values()];
    this.tables = new LookupTables({ rpc, settler, ledger, constants, nowMs, log: this.#log, ...(capacity ? { capacity } : {}) });
    this.limit = new BatchPacketLimit({ program, settler, accounts, tables: this.tables });
    const reader = new ChainReader({ rpc, program, house, nowMs });
    this.settlement = new SolanaSettlementChain({ reader, settler, leader: () => LEADER, tables: this.tables });
  }

  /** A crash and a start. */
  async restart(): Promise<void> {
    await this.ledger.close();
    this.ledger = await this.#openLedger();
    await this.attach();
  }

  /** Lets the tables work until nothing is left to do; `times` steps at most. */
  async work(times = 12): Promise<void> {
    for (let step = 0; step < times; step += 1) {
      const isBusy = await this.tables.step();
      await this.addSlots(SETTLED_SLOTS);
      if (!isBusy) return;
    }
  }

  /** Lets the tables work until the condition holds. */
  async workUntil(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    for (let step = 0; !(await condition()); step += 1) {
      assert.ok(step < 100, `the tables never came to: ${what}`);
      await this.tables.step();
      await this.addSlots(SETTLED_SLOTS);
    }
  }

  /** Addresses of the tables that the ledger knows. */
  known(): Address[] {
    return (JSON.parse(this.ledger.read.meta('lookup-tables') ?? '[]') as { address: Address }[]).map(({ address }) => address);
  }

  async accountOf(address: Address) {
    return (await this.rpc.getAccountInfo(address, { commitment: 'finalized', encoding: 'base64' }).send()).value;
  }

  async land(payer: KeyPairSigner, instructions: Instruction[]): Promise<void> {
    const signed = await signTransaction(this.rpc, { payer, instructions, computeUnits: 400_000 });
    await sendBytes(this.rpc, signed.bytes);
    await this.addSlots(SETTLED_SLOTS);
    const { value } = await this.rpc.getSignatureStatuses([signed.signature]).send();
    assert.equal(value[0]?.err, null);
    assert.equal(value[0]?.confirmationStatus, 'finalized');
  }

  /** Whether a batch of the first vaults, all consuming their deposits, is planned to fit. */
  fits(count: number): boolean {
    return this.limit.fits({ size: LARGE, termsId: TERMS.id, runs: this.runs(count) });
  }

  runs(count: number): RunRecord[] {
    return this.vaults.slice(0, count).map((vault, slot) => ({
      slot,
      vault: addressBytes(vault),
      start: DEPOSIT,
      consume: DEPOSIT,
      after: DEPOSIT,
      firstBet: 1n,
      betCount: 3,
      keySlot: 0,
      payRequest: false,
    }));
  }

  /** Signs batch 1 of the first vaults, with a simulated proof of what it says. */
  async sign(count: number) {
    return this.settlement.signBatch(await this.#batch(count));
  }

  /** Dry-runs the same batch. */
  async dryRun(count: number) {
    return this.settlement.dryRun(await this.#batch(count));
  }

  async #batch(count: number) {
    const runs = this.runs(count);
    const { value } = { value: await this.#vaultViews() };
    const outcomes = Array.from({ length: 3 * count }, (_, row) => (row % 2) as 0 | 1);
    const blobHash = new Uint8Array(32).fill(9);
    const batch: PublicBatch = {
      batchNumber: 1n,
      termsId: TERMS.id,
      profitBps: TERMS.profitBps,
      vrfCommitment: TERMS.vrfCommitment,
      blobHash,
      outcomes,
      runs: runs.map(({ start, after, firstBet, betCount }, index) => {
        const view = value.get(this.vaults[index] as Address) ?? assert.fail();
        return { accountId: view.accountId, sessionKeyHash: view.keys[0].hash, start, after, firstBet, betCount };
      }),
    };
    const proof = simulateProof(publicInput(batch, LARGE.maxVaults));
    const { vkId, maxBets } = LARGE;
    return { vkId, maxBets, batchNumber: 1n, termsId: 1, blobHash, proof, outcomes, runs };
  }

  async balances(): Promise<bigint[]> {
    const views = await this.#vaultViews();
    return this.vaults.map((vault) => views.get(vault)?.balance ?? assert.fail());
  }

  async #vaultViews() {
    const reader = new ChainReader({ rpc: this.rpc, program, house: this.house, nowMs: () => 0 });
    return (await reader.snapshot('finalized')).vaults;
  }

  async funded(): Promise<KeyPairSigner> {
    const signer = await this.#funded();
    await this.addSlots(SETTLED_SLOTS);
    return signer;
  }

  async #funded(): Promise<KeyPairSigner> {
    const signer = await generateKeyPairSigner();
    await this.rpc.requestAirdrop(signer.address, lamports(1_000n * SOL)).send();
    return signer;
  }

  async #openVault(index: number): Promise<Address> {
    const { house } = this;
    const owner = await this.#funded();
    const instructions = [
      await openVault({ program, payer: owner, owner, house, sessionKeyHash: 1_000n + BigInt(index) }),
      await deposit({ program, payer: owner, house, owner: owner.address, amount: DEPOSIT }),
    ];
    const signed = await signTransaction(this.rpc, { payer: owner, instructions, computeUnits: 100_000 });
    await this.#chain.client.send(Buffer.from(signed.bytes).toString('base64') as never, true);
    return vaultAddress({ program, house, owner: owner.address });
  }

  #openLedger(): Promise<Ledger> {
    const path = join(this.#directory.path, 'ledger.db');
    return Ledger.open({ path, onFailure: (error) => assert.fail(error) });
  }

  /** kit's client over a transport that loses what it is told to. */
  #lossyRpc(url: string): ChainRpc {
    const transport = createDefaultRpcTransport({ url });
    return createSolanaRpcFromTransport(async (config) => {
      const { payload } = config;
      const method = isJsonRpcPayload(payload) ? payload.method : '';
      if (method === 'sendTransaction' && this.isLosing) return { jsonrpc: '2.0', id: 1, result: 'lost' } as never;
      if (method === 'simulateTransaction' && this.refusal) {
        return { jsonrpc: '2.0', id: 1, error: { code: -32_602, message: this.refusal } } as never;
      }
      if (method === 'getMultipleAccounts' && this.isBlind) throw new Error('the node does not answer');
      return transport(config);
    }) as ChainRpc;
  }
}
