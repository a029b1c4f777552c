import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Output } from './output.ts';

suite('what a command shows', () => {
  test('a bar is written over on a terminal, and leaves nothing behind', () => {
    const { stream, written } = fakeStream({ isTTY: true });
    const output = new Output(stream);
    output.bar({ label: 'replaying', done: 1, total: 4 });
    output.bar({ label: 'replaying', done: 4, total: 4 });
    output.end();
    output.line('all checked');
    assert.match(written[0] as string, /^replaying █{6}░{18} 25 % \(1 of 4\)$/);
    assert.equal(written.filter((text) => text === '\r\u001b[K').length, 2);
    assert.equal(written.at(-1), 'all checked\n');
  });

  test('elsewhere a bar is told every few seconds, in plain lines', () => {
    const { stream, written } = fakeStream({ isTTY: false });
    let nowMs = 0;
    const output = new Output(stream, () => nowMs);
    output.bar({ label: 'reading', done: 10, total: undefined });
    output.bar({ label: 'reading', done: 20, total: undefined });
    nowMs = 60_000;
    output.bar({ label: 'reading', done: 0, total: 0 });
    assert.deepEqual(written, ['  reading 10\n', `  reading ${'█'.repeat(24)} 100 % (0 of 0)\n`]);
  });
});

function fakeStream(kind: { isTTY: boolean }): { stream: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const stream = { ...kind, columns: 80, write: (text: string) => written.push(text) > 0 };
  return { stream: stream as unknown as NodeJS.WriteStream, written };
}
