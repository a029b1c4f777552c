import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { houseAddress, initHouse } from '../client/index.ts';
import { TestChain } from './chain.ts';
import { houseArguments, program, readHouse } from './world.ts';

const vector = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../protocol/vectors/${name}.json`, import.meta.url), 'utf8'));

test("the program derives the golden domain from the golden genesis hash: its Poseidon is the protocol's", async () => {
  const chain = await TestChain.start();
  const genesisHash = new Uint8Array(Buffer.from(vector('batches')[0].genesisHash, 'hex'));
  const input = { ...(await houseArguments(chain, 'golden')), genesisHash };
  await chain.land([await initHouse(input)]);
  const house = await houseAddress({ program, creator: input.creator.address });
  assert.equal(readHouse(chain, { address: house }).domain, BigInt(`0x${vector('messages').domain}`));
});
