import { type Address, address } from '@solana/kit';
import type { BlobSource } from '../verifier/blob-source.ts';
import { messageOf, VerifierError } from '../verifier/errors.ts';
import { LOCAL_PROGRAM } from '../verifier/layout/constants.ts';
import { blobSourceAt } from './blob-directory.ts';

/** Flags of the commands that replay a house. */
export interface ReplayFlags {
  rpc: string;
  blobs: string;
  program?: string;
  house?: string;
}

/** What the flags name, for `verifyChain`; a `VerifierError` (`BAD_USAGE`) if it is none. */
export async function replayed(flags: ReplayFlags): Promise<{
  rpc: string;
  blobs: BlobSource;
  program: Address;
  house: Address | undefined;
}> {
  return {
    rpc: flags.rpc,
    blobs: await blobSourceAt(flags.blobs),
    program: flags.program === undefined ? LOCAL_PROGRAM : addressOf(flags.program),
    house: flags.house === undefined ? undefined : addressOf(flags.house),
  };
}

function addressOf(text: string): Address {
  try {
    return address(text);
  } catch (error) {
    throw new VerifierError('BAD_USAGE', messageOf(error), { cause: error });
  }
}
