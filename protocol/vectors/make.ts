/** Writes the golden vectors: `npm run vectors`. They pin the layouts, so a diff in them is a change of the protocol. */
import { writeFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { accountIdOf, domainOf, sessionKeyHashOf } from '../account.ts';
import { pointToBytes } from '../babyjubjub.ts';
import { type BatchStatement, playRun, publicBatchOf, publicFields, publicInput, type Run } from '../batch.ts';
import { type Bet, betPack, nextHead } from '../bet.ts';
import { type Blob, blobCid, blobHashOf, encodeBlob } from '../blob.ts';
import { fieldToHex, toHex } from '../bytes.ts';
import { signatureToBytes, signEddsa } from '../eddsa.ts';
import { bytesToInteger, reduce } from '../field.ts';
import { poseidon } from '../kernel.ts';
import { encodeAuditManifest, encodeLimit, encodeReceipt, encodeRefusal, encodeSeedCommitment } from '../messages.ts';
import { vaultKeyOf, vrfCommitmentOf } from '../outcome.ts';
import { seedPath, seedRoot, seedTree } from '../seed-commitment.ts';
import { clientSeedOf, sessionKeyFromSeed, sessionMessage, sessionSeedFromSignature } from '../session.ts';

const bytesOf = (label: string): Uint8Array => sha256(new TextEncoder().encode(`zk-casino vector ${label}`));
const fieldOf = (label: string): bigint => reduce(bytesToInteger(bytesOf(label)));
const write = (name: string, value: unknown): void =>
  writeFileSync(
    new URL(`${name}.json`, import.meta.url),
    `${JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v), 2)}\n`,
  );

const TERMS_ID = 3;
const PROFIT_BPS = 9_800;
const house = bytesOf('house');
const genesisHash = bytesOf('genesis');
const domain = domainOf(genesisHash);
const k = fieldOf('k');
const vaults = [bytesOf('vault a'), bytesOf('vault b')].sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1));

function makeRun(vault: Uint8Array, index: number, betCount: number): Run {
  const accountId = accountIdOf({ domain, vault });
  const key = sessionKeyFromSeed(bytesOf(`session ${index}`));
  const firstBet = BigInt(7 * index + 1);
  const headBefore = index === 0 ? accountId : fieldOf(`head before ${index}`);
  let head = headBefore;
  const bets: Bet[] = Array.from({ length: betCount }, (_, offset) => {
    const stakeUnits = BigInt(1 + 10 * index + offset);
    const choice = offset % 2 === 0 ? 1 : 0;
    const packed = betPack({ stakeUnits, choice, game: 0, betNumber: firstBet + BigInt(offset), termsId: TERMS_ID });
    const clientSeed = clientSeedOf({ clientSeedKey: key.clientSeedKey, accountId, headBefore: head, packed });
    head = nextHead({ headBefore: head, packed, clientSeed, accountId });
    return { stakeUnits, choice, clientSeed };
  });
  const start = 1_000_000_000n * BigInt(index + 1);
  return { vault, accountId, sessionKey: key.publicKey, start, firstBet, headBefore, signature: signEddsa(key, head), bets };
}

function blobOf(statement: BatchStatement): Blob {
  const { batchNumber, termsId, profitBps, runs } = statement;
  return {
    domain,
    house,
    batchNumber,
    termsId,
    profitBps,
    vrfCommitment: vrfCommitmentOf(k),
    runs: runs.map((run) => {
      const played = playRun({ run, vaultKey: vaultKeyOf({ k, accountId: run.accountId }), termsId, profitBps });
      return { ...run, after: played.after, bets: played.bets };
    }),
  };
}

function batchVector(name: string, betCounts: number[], maxVaults: number): unknown {
  const runs = betCounts.map((count, index) => makeRun(vaults[index] as Uint8Array, index, count));
  const draft: BatchStatement = {
    batchNumber: 42n,
    termsId: TERMS_ID,
    profitBps: PROFIT_BPS,
    blobHash: new Uint8Array(32),
    k,
    runs,
  };
  const blob = encodeBlob(blobOf(draft));
  const statement = { ...draft, blobHash: blobHashOf(blob) };
  const batch = publicBatchOf(statement);
  return {
    name,
    maxVaults,
    genesisHash: toHex(genesisHash),
    house: toHex(house),
    batchNumber: 42n,
    termsId: TERMS_ID,
    profitBps: PROFIT_BPS,
    k: fieldToHex(k),
    vrfCommitment: fieldToHex(batch.vrfCommitment),
    runs: runs.map((run, index) => ({
      vault: toHex(run.vault),
      accountId: fieldToHex(run.accountId),
      sessionKey: toHex(pointToBytes(run.sessionKey)),
      sessionKeyHash: fieldToHex(sessionKeyHashOf(run.sessionKey)),
      start: run.start,
      after: batch.runs[index]?.after,
      firstBet: run.firstBet,
      headBefore: fieldToHex(run.headBefore),
      signature: toHex(signatureToBytes(run.signature)),
      bets: run.bets.map((bet) => ({ ...bet, clientSeed: fieldToHex(bet.clientSeed) })),
    })),
    outcomes: batch.outcomes,
    blob: toHex(blob),
    blobHash: toHex(statement.blobHash),
    cid: blobCid(statement.blobHash),
    publicFields: publicFields(batch, maxVaults).map(fieldToHex),
    publicInput: fieldToHex(publicInput(batch, maxVaults)),
  };
}

function messageVectors(): unknown {
  const context = { domain, house, vault: vaults[0] as Uint8Array };
  const seeds = Array.from({ length: 256 }, (_, index) => fieldOf(`seed ${index}`));
  const tree = seedTree(seeds);
  return {
    domain: fieldToHex(domain),
    house: toHex(house),
    vault: toHex(context.vault),
    receipt: toHex(
      encodeReceipt({
        ...context,
        termsId: TERMS_ID,
        betNumber: 258n,
        head: fieldOf('head'),
        serverSeed: seeds[1] as bigint,
        outcome: 1,
        stake: 10_000n,
        payout: 19_800n,
        balanceAfter: 18_446_744_073_709_551_615n,
        time: 1_790_000_000_000n,
      }),
    ),
    limit: toHex(encodeLimit({ ...context, termsId: TERMS_ID, maxStakeUnits: 5_000n, throughBet: 512n })),
    refusal: toHex(encodeRefusal({ ...context, betNumber: 259n, head: fieldOf('refused head'), code: 2 })),
    seedCommitment: toHex(encodeSeedCommitment({ ...context, termsId: TERMS_ID, rangeIndex: 1n, root: seedRoot(tree) })),
    auditManifest: toHex(
      encodeAuditManifest({ domain, house, from: 1_789_000_000_000n, to: 1_790_000_000_000n, manifestHash: bytesOf('manifest') }),
    ),
    seed: {
      betNumber: '258',
      serverSeed: fieldToHex(seeds[1] as bigint),
      root: toHex(seedRoot(tree)),
      path: seedPath(tree, 258n).map(toHex),
    },
  };
}

function sessionVectors(): unknown {
  const walletSignature = new Uint8Array([...bytesOf('wallet r'), ...bytesOf('wallet s')]);
  const seed = sessionSeedFromSignature(walletSignature);
  const key = sessionKeyFromSeed(seed);
  const head = fieldOf('signed head');
  return {
    message: sessionMessage({
      origin: 'https://example.com',
      genesisHash: '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d',
      house: '4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi',
      deviceNonce: '000102030405060708090a0b0c0d0e0f',
    }),
    walletSignature: toHex(walletSignature),
    seed: toHex(seed),
    publicKey: toHex(pointToBytes(key.publicKey)),
    sessionKeyHash: fieldToHex(sessionKeyHashOf(key.publicKey)),
    head: fieldToHex(head),
    signature: toHex(signatureToBytes(signEddsa(key, head))),
  };
}

const poseidonVectors = [1, 2, 3, 4, 5, 12].map((arity) => {
  const inputs = Array.from({ length: arity }, (_, index) => fieldOf(`poseidon ${arity} ${index}`));
  return { inputs: inputs.map(fieldToHex), output: fieldToHex(poseidon(inputs)) };
});

write('poseidon', poseidonVectors);
write('messages', messageVectors());
write('session', sessionVectors());
write('batches', [batchVector('one vault, three bets', [3], 1), batchVector('two of four slots', [2, 3], 4)]);
