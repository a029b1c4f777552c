import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { circuitInfo, loadR1cs } from '../../circuits/artifacts.ts';
import { witnessCalculator } from '../../circuits/witness.ts';
import { witnessInputOf } from '../../circuits/witness-input.ts';
import { developmentSetup, Prover, verifyGroth16, verifyingKeyBytes } from '../../native/index.ts';
import { contributedKey } from '../../native/test/contributed-key.ts';
import { fromBytes, snarkjs, stopReferenceThreads, toSnarkjs } from '../../native/test/fixtures.ts';
import { sessionKeyHashOf } from '../../protocol/account.ts';
import { type BatchStatement, playRun, publicBatchOf, publicInput, type Run } from '../../protocol/batch.ts';
import type { Bet } from '../../protocol/bet.ts';
import { signEddsa } from '../../protocol/eddsa.ts';
import { bytesToInteger } from '../../protocol/field.ts';
import { vaultKeyOf, vrfCommitmentOf } from '../../protocol/outcome.ts';
import { type SessionKey, sessionKeyFromSeed } from '../../protocol/session.ts';
import { addTerms, addVerifyingKey, deposit, openVault, settleBatch, vaultAddress } from '../client/index.ts';
import { addressBytes } from '../client/instructions/build.ts';
import { LAMPORTS_PER_SOL, TestChain } from './chain.ts';
import { makeHouse, PROFIT_BPS, program, readHouse, readVault, type TestHouse } from './world.ts';

/**
 * The whole path once with nothing simulated: bettors' signatures, the circuit's witness, the prover's proof, which snarkjs verifies
 * too, and the program.
 * Only the set-up's secrets are known. It would catch a program, circuit and protocol that each agree with themselves alone.
 */
const SOL = LAMPORTS_PER_SOL;
const K = 0x1234_5678_9abc_def0n;
const TERMS_ID = 2;

interface Bettor {
  vault: Awaited<ReturnType<typeof vaultAddress>>;
  sessionKey: SessionKey;
  head: bigint;
}

async function addBettor(chain: TestChain, house: TestHouse, name: string): Promise<Bettor> {
  const owner = await chain.signer(name);
  const sessionKey = sessionKeyFromSeed(new Uint8Array(32).fill(name.length));
  const sessionKeyHash = sessionKeyHashOf(sessionKey.publicKey);
  await chain.land([
    await openVault({ program, payer: owner, owner, house: house.address, sessionKeyHash }),
    await deposit({ program, payer: owner, house: house.address, owner: owner.address, amount: 3n * SOL }),
  ]);
  const vault = await vaultAddress({ program, house: house.address, owner: owner.address });
  return { vault, sessionKey, head: readVault(chain, { address: vault }).accountId };
}

/** The bettor's next bets, signed on their last head; moves the bettor's head on. */
function playAndSign(chain: TestChain, bettor: Bettor, { bets, consume }: { bets: Bet[]; consume: bigint }): Run {
  const { accountId, balance, lastBet } = readVault(chain, { address: bettor.vault });
  const run = { accountId, start: balance + consume, firstBet: lastBet + 1n, headBefore: bettor.head, bets };
  const vaultKey = vaultKeyOf({ k: K, accountId });
  const head = playRun({ run, vaultKey, termsId: TERMS_ID, profitBps: PROFIT_BPS }).bets.at(-1)?.head;
  assert.ok(head !== undefined);
  bettor.head = head;
  const { publicKey } = bettor.sessionKey;
  return { ...run, vault: addressBytes(bettor.vault), sessionKey: publicKey, signature: signEddsa(bettor.sessionKey, head) };
}

after(stopReferenceThreads);

const betsOf = (count: number): Bet[] =>
  Array.from({ length: count }, (_, index) => ({
    stakeUnits: 1_000n * BigInt(index + 1),
    choice: (index % 2) as 0 | 1,
    clientSeed: 7n + BigInt(index),
  }));

const development = (name: string) => developmentSetup(loadR1cs(name));

for (const { name, counts, keyOf = development, key = 'development' } of [
  { name: 'tiny', counts: [3] },
  // As a ceremony ends: snarkjs's contributions and beacon, over secrets that are no development key's.
  { name: 'tiny', counts: [3], keyOf: () => contributedKey(loadR1cs('tiny'), { secrets: 'others' }), key: 'contributed' },
  { name: 'small', counts: [5, 1, 4] },
  // All slots and all rows, through a lookup table: more than 13 vaults that consume fit no packet without.
  { name: 'large', counts: [...Array<number>(15).fill(4), 2] },
]) {
  describe(`a real proof of the ${name} circuit with a ${key} key`, () => {
    const { maxBets, maxVaults } = circuitInfo(name);
    let chain: TestChain;
    let house: TestHouse;
    let prover: Prover;
    let snarkjsKey: object;
    before(async () => {
      chain = await TestChain.start();
      house = await makeHouse(chain, 'proven');
      const zkey = await keyOf(name);
      // Without tables the largest key loads in seconds instead of half a minute.
      prover = await Prover.load(zkey, { tablePasses: 64 });
      snarkjsKey = await snarkjs.zKey.exportVerificationKey(zkey);
      const { authority, address } = house;
      const terms = { id: TERMS_ID, vrfCommitment: vrfCommitmentOf(K), profitBps: PROFIT_BPS };
      const key = { id: 9, maxBets, maxVaults, key: verifyingKeyBytes(zkey) };
      await chain.land([await addTerms({ program, authority, house: address, ...terms })]);
      await chain.land([await addVerifyingKey({ program, authority, house: address, ...key })]);
    });

    test('settles what the bettors signed, batch after batch, and nothing else', async () => {
      const bettors: Bettor[] = [];
      for (const index of counts.keys()) bettors.push(await addBettor(chain, house, 'bettor'.padEnd(8 + index, '.')));
      bettors.sort((a, b) => Buffer.compare(addressBytes(a.vault), addressBytes(b.vault)));
      const lookupTables = await chain.lookupTable(bettors.map(({ vault }) => vault));
      const options = { feePayer: house.settler, lookupTables };
      for (const consume of [2n * SOL, SOL]) {
        const runs = bettors.map((bettor, index) => playAndSign(chain, bettor, { bets: betsOf(counts[index] ?? 1), consume }));
        const { lastBatch, leaderEpoch, leaderNonce } = readHouse(chain, house);
        const blobHash = new Uint8Array(32).fill(255);
        const statement: BatchStatement = {
          batchNumber: lastBatch + 1n,
          termsId: TERMS_ID,
          profitBps: PROFIT_BPS,
          blobHash,
          k: K,
          runs,
        };
        const batch = publicBatchOf(statement);
        const proof = await prover.prove(
          witnessCalculator(name).compute({ ...witnessInputOf(statement, { maxBets, maxVaults }) }),
        );
        assert.equal(bytesToInteger(proof.publicInputs), publicInput(batch, maxVaults));
        const { verifyingKey } = prover;
        assert.equal(verifyGroth16({ verifyingKey, proof: proof.proof, publicInputs: proof.publicInputs }), true);
        const signals = fromBytes(proof.publicInputs).map(String);
        assert.equal(await snarkjs.groth16.verify(snarkjsKey, signals, toSnarkjs(proof.proof)), true);
        const input = {
          ...{ program, settler: house.settler, house: house.address, leaderEpoch, leaderNonce, termsId: TERMS_ID },
          ...{ verifyingKeyId: 9, maxBets, batchNumber: batch.batchNumber, blobHash, outcomes: batch.outcomes },
          proof: proof.compressed,
          runs: bettors.map(({ vault }, index) => {
            const { after, betCount } = batch.runs[index] ?? assert.fail();
            return { vault, keySlot: 0 as const, betCount, after, consume, pay: false };
          }),
        };
        const greedy = input.runs.map((run) => ({ ...run, after: run.after + 1n }));
        assert.equal((await chain.send([await settleBatch({ ...input, runs: greedy })], options)).error, 'INVALID_PROOF');
        const { computeUnits } = await chain.land([await settleBatch(input)], options);
        assert.ok(computeUnits < 200_000n);
        for (const [index, { vault }] of bettors.entries()) {
          assert.equal(readVault(chain, { address: vault }).balance, batch.runs[index]?.after);
        }
      }
    });
  });
}
