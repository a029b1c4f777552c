import { type Address, address, getBase64Encoder } from '@solana/kit';
import { decodeHouse, decodeOwned } from '../program/client/index.ts';
import type { Manifest } from '../sequencer/audit/manifest.ts';
import { type AuditVerification, type ShownHouse, verifyAudit } from '../sequencer/audit/verify.ts';
import { call } from '../sequencer/chain/rpc.ts';
import { addressOf } from '../sequencer/ledger/addresses.ts';
import { rpcAt } from './reconcile.ts';

/** Of a house that has had one receipt key alone. */
const NO_KEY = new Uint8Array(32);

export interface AuditVerifyOptions {
  directory: string;
  /** The chain's JSON-RPC address; undefined: whose key signed stays open. */
  rpcUrl: string | undefined;
  /** The house that the export should be of; undefined: whichever it names. */
  house: Address | undefined;
  /** Whether an export without a signature is taken. */
  unsigned: boolean;
  onProgress(file: string): void;
}

/** Checks an export's files, and with `rpcUrl` its house and key. `CONFIG_INVALID`, `CHAIN_UNREACHABLE`. */
export async function verifyExport(options: AuditVerifyOptions): Promise<AuditVerification> {
  const { directory, rpcUrl, house, onProgress } = options;
  const houseOf = rpcUrl === undefined ? undefined : (manifest: Manifest) => shownHouse(rpcUrl, manifest);
  const result = await verifyAudit({ directory, houseOf, onProgress });
  const findings = options.unsigned ? result.findings.filter(({ kind }) => kind !== 'unsigned') : result.findings;
  if (house !== undefined && result.manifest && result.manifest.house !== house) {
    const message = `it is of the house ${result.manifest.house}, not ${house}`;
    findings.push({ kind: 'foreign-house', subject: 'manifest.json', message });
  }
  return { ...result, findings };
}

/** The house that a manifest names, as the chain has it; one that is not there has no name and no keys. */
async function shownHouse(url: string, manifest: Manifest): Promise<ShownHouse> {
  const rpc = rpcAt(url);
  const genesisHash = await call(rpc.getGenesisHash());
  const [program, house] = [address(manifest.program), address(manifest.house)];
  const { value } = await call(rpc.getAccountInfo(house, { commitment: 'finalized', encoding: 'base64' }));
  if (!value) return { genesisHash, program, house: 'no house there', receiptKeys: [] };
  const account = { address: house, programAddress: value.owner, data: getBase64Encoder().encode(value.data[0]) };
  try {
    const { receiptKey, previousReceiptKey } = decodeOwned(account, { program, decode: decodeHouse });
    const keys = [receiptKey, previousReceiptKey].filter((key) => Buffer.compare(key, NO_KEY) !== 0);
    return { genesisHash, program, house, receiptKeys: keys.map(addressOf) };
  } catch {
    return { genesisHash, program: value.owner, house: 'another account', receiptKeys: [] };
  }
}
