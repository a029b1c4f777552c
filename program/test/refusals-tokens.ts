import { associatedTokenAddress, deposit, fundHouse, initHouse, NATIVE_MINT } from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import type { Refusal } from './refusal.ts';
import { forged, type Stage, substitute, u64 } from './stage.ts';
import { approve, makeToken, TOKEN_2022 } from './tokens.ts';
import { houseArguments, program } from './world.ts';

const SOL = LAMPORTS_PER_SOL;
const HUGE = 0xffff_ffff_ffff_ffffn;

/** Offsets of a token account, and positions of accounts. */
const AMOUNT = 64;
const DELEGATE = 72;
const CLOSE_AUTHORITY = 129;
const PAYER_TOKEN = { deposit: 3, fundHouse: 2 };
const ESCROW_TOKEN = { initHouse: 4, deposit: 4, claim: 4, fundHouse: 3, payHouseWithdrawal: 3 };
const RECIPIENT_TOKEN = { claim: 5, payHouseWithdrawal: 4 };

type OfTokens = keyof typeof ESCROW_TOKEN;

const whileEscrow = (name: OfTokens, offset: number, bytes: ArrayLike<number>) => async (stage: Stage) => {
  const instruction = await stage.valid[name]();
  const account = instruction.accounts[ESCROW_TOKEN[name]]?.address ?? NATIVE_MINT;
  return stage.chain.withForged(account, forged(offset, bytes), () => stage.send(instruction));
};

const mintOf = (stage: Stage) => stage.house.mint;

/** A house of the mint that `init_house` names, whose account reads otherwise. */
const whileMint = (forge: Parameters<Stage['chain']['withForged']>[1]) => async (stage: Stage) => {
  const instruction = await stage.valid.initHouse();
  return stage.chain.withForged(mintOf(stage), forge, () => stage.send(instruction));
};

/** The valid example with the escrow's token account in the place of the one that pays in. */
const fromEscrow = (name: keyof typeof PAYER_TOKEN) => async (stage: Stage) => {
  const escrowToken = await associatedTokenAddress({ owner: stage.house.escrow, mint: mintOf(stage) });
  return stage.send(substitute(await stage.valid[name](), PAYER_TOKEN[name], escrowToken));
};

/** The valid example paid to somebody else's associated account, or to the escrow's. */
const paidTo = (name: keyof typeof RECIPIENT_TOKEN, owner: (stage: Stage) => string) => async (stage: Stage) => {
  const address = await associatedTokenAddress({ owner: owner(stage) as typeof program, mint: mintOf(stage) });
  return stage.send(substitute(await stage.valid[name](), RECIPIENT_TOKEN[name], address));
};

const depositOf = (amounts: { amount: bigint; minimum?: bigint }) => async (stage: Stage) => {
  const { owner } = stage.vaults[0]!;
  const at = { program, house: stage.house.address, mint: mintOf(stage) };
  return stage.send(await deposit({ ...at, payer: owner, owner: owner.address, ...amounts }));
};

/** Run in a house of an SPL token. */
export const tokenRefusals: Refusal[] = [
  ['UNSUPPORTED_MINT', 'a mint of Token-2022', async (stage) => stage.send(await houseOfToken2022(stage))],
  ['UNSUPPORTED_MINT', 'a mint of another program', whileMint((mint) => ({ ...mint, programAddress: program }))],
  ['UNSUPPORTED_MINT', 'a mint that is not initialised', whileMint(forged(45, [0]))],
  ['UNSUPPORTED_MINT', 'a mint with extensions', whileMint((mint) => ({ ...mint, data: new Uint8Array(166).fill(1) }))],
  ['UNSUPPORTED_MINT', 'a mint that does not exist', whileMint((mint) => ({ ...mint, data: new Uint8Array() }))],
  [
    'EXISTING_HOUSE',
    'a second house of the same creator and token',
    async (stage) => {
      const { mint } = stage.house;
      const input = await houseArguments(stage.chain, 'new', stage.house.token);
      return stage.send(await initHouse({ ...input, creator: stage.house.creator, mint }));
    },
  ],
  ['EXISTING_DELEGATE', 'an escrow with a delegate', whileEscrow('initHouse', DELEGATE, [1])],
  ['EXISTING_CLOSE_AUTHORITY', 'an escrow that another can close', whileEscrow('initHouse', CLOSE_AUTHORITY, [1])],
  ['ZERO_AMOUNT', 'a deposit of no tokens', depositOf({ amount: 0n })],
  ['INSUFFICIENT_PAYER_FUNDS', 'a deposit of a token more than the payer has', depositOf({ amount: 9_995n * SOL + 1n })],
  ['INSUFFICIENT_PAYER_FUNDS', 'a deposit of all that 64 bits hold', depositOf({ amount: HUGE })],
  ['INSUFFICIENT_DEPOSIT', 'a deposit of tokens below its minimum', depositOf({ amount: SOL, minimum: SOL + 1n })],
  ['WRONG_TOKEN_ACCOUNT_OWNER', "a deposit of the escrow's own tokens", fromEscrow('deposit')],
  ['WRONG_TOKEN_ACCOUNT_OWNER', "a bankroll of the escrow's own tokens", fromEscrow('fundHouse')],
  [
    'WRONG_TOKEN_ACCOUNT_OWNER',
    "a deposit of another's tokens by its delegate",
    async (stage) => {
      const [{ owner }, delegate] = [stage.vaults[1]!, stage.vaults[2]!.owner];
      const account = await associatedTokenAddress({ owner: owner.address, mint: mintOf(stage) });
      await stage.chain.land([approve(account, owner, delegate.address, SOL)]);
      const at = { program, house: stage.house.address, mint: mintOf(stage), payer: delegate, owner: delegate.address };
      return stage.send(substitute(await deposit({ ...at, amount: SOL }), PAYER_TOKEN.deposit, account));
    },
  ],
  [
    'INSUFFICIENT_PAYER_FUNDS',
    'a bankroll above what the payer has',
    async (stage) => {
      const { address: house, creator: payer, mint } = stage.house;
      return stage.send(await fundHouse({ program, payer, house, mint, amount: HUGE }));
    },
  ],
  ['WRONG_TOKEN_ACCOUNT_ADDRESS', "a claim to another owner's account", paidTo('claim', (s) => s.vaults[0]!.owner.address)],
  ['WRONG_TOKEN_ACCOUNT_ADDRESS', "a claim to the escrow's account", paidTo('claim', (s) => s.house.escrow)],
  [
    'WRONG_TOKEN_ACCOUNT_ADDRESS',
    "a payment to the settler's account",
    paidTo('payHouseWithdrawal', (s) => s.house.settler.address),
  ],
  ['WRONG_TOKEN_ACCOUNT_ADDRESS', "a payment to the escrow's account", paidTo('payHouseWithdrawal', (s) => s.house.escrow)],
  ['INSUFFICIENT_ESCROW', 'a deposit while tokens are missing', whileEscrow('deposit', AMOUNT, u64(0n))],
  ['INSUFFICIENT_ESCROW', 'a claim while a token is missing', whileEscrow('claim', AMOUNT, u64(120n * SOL - 1n))],
  ['INSUFFICIENT_ESCROW', 'a payment while a token is missing', whileEscrow('payHouseWithdrawal', AMOUNT, u64(120n * SOL - 1n))],
];

async function houseOfToken2022({ chain, house }: Stage) {
  const token = await makeToken(chain, 'token 2022', TOKEN_2022);
  const input = await houseArguments(chain, 'new', house.token);
  return initHouse({ ...input, mint: token.mint });
}
