import type { Address } from '@solana/kit';
import { accountIdOf, domainOf } from '../../protocol/account.ts';
import { pointFromBytes } from '../../protocol/babyjubjub.ts';
import { fromBase58 } from '../../protocol/base58.ts';
import { betPack, nextHead } from '../../protocol/bet.ts';
import { compareBytes, fieldToHex, toHex } from '../../protocol/bytes.ts';
import { GAME_COIN_FLIP, STAKE_UNIT } from '../../protocol/constants.ts';
import { signatureFromBytes, verifyEddsa } from '../../protocol/eddsa.ts';
import {
  decodeReceipt,
  decodeSeedCommitment,
  type MessageContext,
  type Receipt,
  verifyMessage,
} from '../../protocol/messages.ts';
import { outcomeOf } from '../../protocol/outcome.ts';
import type { KeyedMessage, ReceiptFile } from '../../protocol/receipt-file.ts';
import { seedRangeOf, verifySeed } from '../../protocol/seed-commitment.ts';
import { deriveVault } from '../layout/addresses.ts';
import { addressOf } from '../layout/reader.ts';
import { type BetChecks, type Compared, firstWrong } from './checks.ts';

/** What a receipt file says, as far as it can be read. */
export interface FileFacts {
  file: ReceiptFile;
  /** What the house's messages must name. */
  context: MessageContext;
  accountId: bigint;
  /** head_n, recomputed from the bet. */
  head: bigint;
  receipt: Receipt | undefined;
}

/** All that can be checked of a receipt file without a chain. */
export async function checkFile(file: ReceiptFile, checks: BetChecks): Promise<FileFacts> {
  const [program, house, owner] = [file.program as Address, file.house as Address, file.owner as Address];
  const derived = await deriveVault({ program, house, owner });
  checks.judge(
    'vault-address',
    'file',
    derived.address === file.vault ? undefined : `the vault of this owner in this house is ${derived.address}`,
    { 'owner and house lead to': derived.address, 'the file names': file.vault },
  );
  const vault = fromBase58(file.vault, 32);
  const domain = domainOf(fromBase58(file.genesisHash, 32));
  const context = { domain, house: fromBase58(file.house, 32), vault };
  const accountId = accountIdOf({ domain, vault });
  const { bet } = file;
  const packed = betPack({ ...bet, game: GAME_COIN_FLIP });
  const head = nextHead({ headBefore: bet.headBefore, packed, clientSeed: bet.clientSeed, accountId });
  const receipt = readOr(() => decodeReceipt(file.receipt.message));
  const facts = { file, context, accountId, head, receipt };
  checkReceipt(facts, checks);
  checkSession(facts, checks);
  checkSeed(facts, checks);
  checkOutcome(facts, checks);
  return facts;
}

function checkReceipt({ file, context, head, accountId, receipt }: FileFacts, checks: BetChecks): void {
  checks.judge('receipt-message', 'file', receipt ? undefined : 'the bytes are not those of a receipt', {
    'signed bytes': toHex(file.receipt.message),
  });
  if (receipt) checks.judge('receipt-place', 'file', wrongPlace(receipt, context), placesOf(receipt, context));
  checks.judge('receipt-signature', 'file', isSigned(file.receipt) ? undefined : `${file.receipt.key} did not sign these bytes`, {
    'signing key': file.receipt.key,
    signature: toHex(file.receipt.signature),
  });
  if (!receipt) return checks.skipRest(['receipt-place', 'head', 'receipt-bet'], 'there is no receipt to compare');
  const { bet } = file;
  const headIs = `the bet gives head ${fieldToHex(head)}, and the receipt has ${fieldToHex(receipt.head)}`;
  checks.judge(
    'head',
    'file',
    firstWrong([
      [receipt.head === head, headIs],
      [bet.betNumber !== 1n || bet.headBefore === accountId, 'the first bet of a vault begins with its accountId'],
    ]),
    { 'the bet leads to head': fieldToHex(head), 'the receipt has': fieldToHex(receipt.head) },
  );
  // The head binds the bet: if that is the receipt's, whatever else the receipt says of the bet is the house's word.
  checks.judge(
    'receipt-bet',
    checks.passed('head') ? 'house' : 'file',
    firstWrong([
      [receipt.betNumber === bet.betNumber, `the bet is number ${bet.betNumber}, and the receipt has ${receipt.betNumber}`],
      [receipt.termsId === bet.termsId, `the bet names terms ${bet.termsId}, and the receipt ${receipt.termsId}`],
      [
        receipt.stake === bet.stakeUnits * STAKE_UNIT,
        `the bet stakes ${bet.stakeUnits * STAKE_UNIT}, and the receipt has ${receipt.stake}`,
      ],
    ]),
    {
      'the bet': `number ${bet.betNumber}, terms ${bet.termsId}, stake ${bet.stakeUnits * STAKE_UNIT}`,
      'the receipt': `number ${receipt.betNumber}, terms ${receipt.termsId}, stake ${receipt.stake}`,
    },
  );
}

function checkSession({ file, head }: FileFacts, checks: BetChecks): void {
  const isValid = readOr(() =>
    verifyEddsa({
      publicKey: pointFromBytes(file.bet.sessionKey),
      signature: signatureFromBytes(file.bet.signature),
      message: head,
    }),
  );
  checks.judge('session-signature', 'file', isValid ? undefined : 'the session key in the file did not sign this bet', {
    'session key': toHex(file.bet.sessionKey),
    signature: toHex(file.bet.signature),
    'signed head': fieldToHex(head),
  });
}

function checkSeed({ file, context, receipt }: FileFacts, checks: BetChecks): void {
  const { commitment: signed, path } = file.seed;
  const { betNumber, termsId } = file.bet;
  const commitment = readOr(() => decodeSeedCommitment(signed.message));
  if (!commitment) checks.fail('seed-commitment', 'file', 'the bytes are not those of a seed commitment');
  else {
    const range = seedRangeOf(betNumber);
    const wrong =
      wrongPlace(commitment, context) ??
      firstWrong([
        [commitment.termsId === termsId, `it is for terms ${commitment.termsId}, and the bet names ${termsId}`],
        [commitment.rangeIndex === range, `it is for range ${commitment.rangeIndex}, and the bet lies in ${range}`],
        [isSigned(signed), `${signed.key} did not sign these bytes`],
      ]);
    checks.judge('seed-commitment', 'file', wrong, {
      'committed root': toHex(commitment.root),
      'range of bets': `${commitment.rangeIndex}, and this bet lies in ${range}`,
      'signing key': signed.key,
    });
  }
  if (!commitment || !receipt) return checks.skip('seed-path', 'there is no commitment, or no receipt, to compare');
  const isUnder = verifySeed({ root: commitment.root, betNumber, serverSeed: receipt.serverSeed, path });
  // A wrong path alone proves nothing to others: only the whole range of seeds would.
  checks.judge('seed-path', 'file', isUnder ? undefined : 'the path does not lead from the revealed seed to the committed root', {
    'revealed seed': fieldToHex(receipt.serverSeed),
    'committed root': toHex(commitment.root),
  });
}

function checkOutcome({ receipt }: FileFacts, checks: BetChecks): void {
  if (!receipt) return checks.skip('outcome', 'there is no receipt');
  const outcome = readOr(() => outcomeOf(receipt));
  const gives = outcome === undefined ? 'no outcome' : sideName(outcome);
  const wrong = `seed and head give ${gives}, and the receipt says ${sideName(receipt.outcome)}`;
  checks.judge('outcome', 'house', outcome === receipt.outcome ? undefined : wrong, {
    'seed and head give': gives,
    'the receipt says': sideName(receipt.outcome),
  });
}

function wrongPlace(message: MessageContext, context: MessageContext): string | undefined {
  return firstWrong([
    [message.domain === context.domain, 'it names another chain'],
    [compareBytes(message.house, context.house) === 0, 'it names another house'],
    [compareBytes(message.vault, context.vault) === 0, 'it names another vault'],
  ]);
}

function placesOf(message: MessageContext, context: MessageContext): Compared {
  const placeOf = ({ domain, house, vault }: MessageContext) =>
    `chain ${fieldToHex(domain)}, house ${addressOf(house)}, vault ${addressOf(vault)}`;
  return { 'the receipt names': placeOf(message), 'the file names': placeOf(context) };
}

function isSigned({ message, signature, key }: KeyedMessage): boolean {
  return readOr(() => verifyMessage({ receiptKey: fromBase58(key, 32), signature, message })) ?? false;
}

export const sideName = (side: 0 | 1): 'heads' | 'tails' => (side === 1 ? 'heads' : 'tails');

/** Undefined for bytes that are not what they should be. */
function readOr<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
