import { invalidParams } from '../errors.ts';
import { MAX_SKIPPED_SLOTS } from '../limits.ts';
import { type RpcMethod, readCount } from './params.ts';

const skipSlots: RpcMethod = (chain, params) => {
  const slots = readCount(params[0], { name: 'slots', max: MAX_SKIPPED_SLOTS });
  if (slots === 0) throw invalidParams('Invalid params: slots must be at least 1');
  return chain.skipSlots(slots);
};

/** What no cluster has, so that a test need not wait for a delay of hours. Named so that nothing else can be meant. */
export const developmentMethods = { localchain_skipSlots: skipSlots };
