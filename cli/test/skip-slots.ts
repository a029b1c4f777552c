import assert from 'node:assert/strict';

/** Passes over slots of a local chain at once: time that nobody has to wait for. */
export async function skipSlots(rpcUrl: string, slots: number): Promise<void> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'localchain_skipSlots', params: [slots] });
  const answer = await fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.ok(((await answer.json()) as { result?: number }).result);
}
