import { invalidParams } from '../errors.ts';
import { MAX_MULTIPLE_ACCOUNTS } from '../limits.ts';
import { accountJson, keyedAccountJson, readAccountFilter, readAccountFormat } from './account-json.ts';
import { type RpcMethod, readAddress, readConfig, readFlag, readViewSlot, withContext } from './params.ts';

const getAccountInfo: RpcMethod = (chain, params) => {
  const address = readAddress(params[0]);
  const config = readConfig(params[1]);
  const slot = readViewSlot(chain, config);
  return withContext(slot, accountJson(chain.state.accountAt(address, slot), readAccountFormat(config)));
};

const getMultipleAccounts: RpcMethod = (chain, params) => {
  const addresses = params[0];
  if (!Array.isArray(addresses)) throw invalidParams('Invalid params: expected an array of addresses');
  if (addresses.length > MAX_MULTIPLE_ACCOUNTS) {
    throw invalidParams(`Too many inputs provided; max ${MAX_MULTIPLE_ACCOUNTS}`);
  }
  const config = readConfig(params[1]);
  const slot = readViewSlot(chain, config);
  const format = readAccountFormat(config, 'base64');
  return withContext(
    slot,
    addresses.map((item) => accountJson(chain.state.accountAt(readAddress(item), slot), format)),
  );
};

const getProgramAccounts: RpcMethod = (chain, params) => {
  const program = readAddress(params[0]);
  const config = readConfig(params[1]);
  const slot = readViewSlot(chain, config);
  const matches = readAccountFilter(config.filters);
  const format = readAccountFormat(config);
  const found = chain.state.programAccountsAt(program, slot).filter(({ account }) => matches(account));
  const list = found.map((entry) => keyedAccountJson(entry, format));
  return readFlag(config.withContext, 'withContext') ? withContext(slot, list) : list;
};

const getBalance: RpcMethod = (chain, params) => {
  const address = readAddress(params[0]);
  const slot = readViewSlot(chain, readConfig(params[1]));
  return withContext(slot, chain.state.accountAt(address, slot)?.lamports ?? 0n);
};

/** Reads of accounts. */
export const accountMethods = { getAccountInfo, getMultipleAccounts, getProgramAccounts, getBalance };
