// Would catch: a single changed byte of a history, whoever changed it, that passes or is blamed on something else.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../protocol/bytes.ts';
import { sessionKeyFromSeed } from '../protocol/session.ts';
import { type VerifyReport, verifyChain } from './chain.ts';
import type { DivergenceCode } from './divergence.ts';
import type { RawAccount, RawTransaction } from './rpc.ts';
import { type Lived, live } from './test/lived-world.ts';
import { playBack } from './test/recording.ts';
import { changeEvent, copyOf, find, flip, forgeBatch, resign, withEvent } from './test/tampering.ts';

let lived: Lived;

before(async () => {
  lived = await live();
});

const verify = (world: Lived): Promise<VerifyReport> =>
  verifyChain({
    rpc: playBack(world.chain),
    blobs: { get: async (hash) => world.blobs.get(toHex(hash)) },
    program: world.program,
    house: world.house,
    settleMs: 0,
  });

async function caught(world: Lived, code: DivergenceCode, what: string): Promise<void> {
  const report = await verify(world);
  assert.equal(report.passed, false, what);
  assert.equal(report.firstDivergence?.code, code, `${what}: ${JSON.stringify(report.divergences.slice(0, 3))}`);
}

const changed = (change: (copy: Lived) => void): Lived => {
  const copy = copyOf(lived);
  change(copy);
  return copy;
};
const accountOf = (world: Lived, address: string): RawAccount =>
  world.chain.accounts.get(address as never) ?? assert.fail(`no account ${address}`);
type Settled = { signature: string; raw: RawTransaction };
const settlements = (world: Lived) => withEvent(world, 'evbatch');
const vaults = (world: Lived) => [...world.chain.accounts.values()].filter(({ data }) => data.length === 352);

test('a house that has seen everything passes', async () => {
  const report = await verify(lived);
  assert.deepEqual(report.divergences, []);
  assert.equal(report.passed, true);
  assert.equal(report.bets, 18);
  assert.equal(report.proofsVerified, report.batches);
  assert.equal(report.vaultsCompared, 3);
  const seen = [
    ...['evopen', 'evdepos', 'evreqst', 'evclaim', 'evfund', 'evbatch', 'evtrans', 'evexit', 'evrotat', 'evchall', 'evchdue'],
    ...['evretir', 'evhoreq', 'evhopay', 'evsettl', 'evsched', 'evapply', 'evpause'],
  ];
  for (const tag of seen) assert.ok(withEvent(lived, tag).length > 0, `${tag} happened`);
});

test('a blob that is missing, altered or another is named, and the rest is followed', async () => {
  const hashes = [...lived.blobs.keys()];
  const report = await verify(changed((copy) => copy.blobs.delete(hashes[0] as string)));
  assert.deepEqual(
    report.divergences.map(({ code }) => code),
    ['blob-missing'],
  );
  assert.equal(report.batches, report.proofsVerified);
  for (const at of [0, 40, 130, 220, 440]) {
    const name = `byte ${at} of a blob`;
    await caught(
      changed((copy) => flip(copy.blobs.get(hashes[1] as string) as Uint8Array, at)),
      'blob-altered',
      name,
    );
  }
  const swapped = changed((copy) => copy.blobs.set(hashes[0] as string, copy.blobs.get(hashes[1] as string) as Uint8Array));
  await caught(swapped, 'blob-altered', "another batch's blob");
});

test('a blob that was settled with a proof and is not what the bettors signed is named by what is wrong in it', async () => {
  const other = sessionKeyFromSeed(new Uint8Array(32).fill(9)).publicKey;
  const cases: [DivergenceCode, string, Parameters<typeof forgeBatch>[1]][] = [
    [
      'blob-header',
      'domain',
      {
        blob: (blob) => {
          blob.domain += 1n;
        },
      },
    ],
    ['blob-header', 'house', { blob: (blob) => flip(blob.house, 3) }],
    [
      'blob-header',
      'number',
      {
        blob: (blob) => {
          blob.batchNumber += 1n;
        },
      },
    ],
    [
      'blob-header',
      'odds',
      {
        blob: (blob) => {
          blob.profitBps += 1;
        },
      },
    ],
    [
      'blob-header',
      'commitment',
      {
        blob: (blob) => {
          blob.vrfCommitment += 1n;
        },
      },
    ],
    [
      'blob-run',
      'start',
      {
        blob: ({ runs }) => {
          runs[0]!.start += 1n;
        },
      },
    ],
    [
      'blob-run',
      'after',
      {
        blob: ({ runs }) => {
          runs[0]!.after += 1n;
        },
      },
    ],
    [
      'blob-run',
      'first bet',
      {
        blob: ({ runs }) => {
          runs[0]!.firstBet += 1n;
        },
      },
    ],
    ['blob-run', 'vault', { blob: ({ runs }) => flip(runs[0]!.vault, 31) }],
    [
      'head-chain',
      'head before',
      {
        blob: ({ runs }) => {
          runs[0]!.headBefore += 1n;
        },
      },
    ],
    [
      'session-signature',
      'signature',
      {
        blob: ({ runs }) => {
          runs[0]!.signature.s ^= 1n;
        },
      },
    ],
    [
      'session-signature',
      'session key',
      {
        blob: ({ runs }) => {
          runs[0]!.sessionKey = other;
        },
      },
    ],
    [
      'blob-outcome',
      'outcome',
      {
        blob: ({ runs }) => {
          runs[0]!.bets[0]!.outcome ^= 1;
        },
      },
    ],
    [
      'blob-delta',
      'delta',
      {
        blob: ({ runs }) => {
          runs[0]!.bets[0]!.delta += 1n;
        },
      },
    ],
    [
      'stake',
      'stake',
      {
        blob: ({ runs }) => {
          runs[0]!.bets[0]!.stakeUnits = 0n;
        },
      },
    ],
  ];
  for (const [code, what, forgery] of cases) {
    const report = await verify(forgeBatch(lived, forgery));
    const codes = report.divergences.map((one) => one.code);
    assert.ok(codes.includes(code), `${what}: ${codes}`);
    assert.equal(report.firstDivergence?.batch, '1', what);
  }
});

test('a bet that its bettor did not sign is named, whatever else fits it', async () => {
  for (const choice of [0, 1] as const) {
    const forged = forgeBatch(lived, {
      blob: ({ runs }) => {
        runs[0]!.bets[0]!.choice = choice;
      },
    });
    const { divergences, passed } = await verify(forged);
    if (!passed) assert.ok(divergences.some(({ code }) => code === 'session-signature'));
  }
  const seed = forgeBatch(lived, {
    blob: ({ runs }) => {
      runs[0]!.bets[0]!.clientSeed += 1n;
    },
  });
  assert.ok((await verify(seed)).divergences.some(({ code }) => code === 'session-signature'));
});

test('what an operator settles against the rules is named though its proof holds', async () => {
  const outcomes = 97;
  const cases: [DivergenceCode, string, Parameters<typeof forgeBatch>[1]][] = [
    ['event-mismatch', 'outcomes of the event alone', { event: (bytes) => flip(bytes, outcomes) }],
    ['event-mismatch', 'another number', { event: (bytes) => flip(bytes, 40) }],
    ['event-mismatch', 'another key', { event: (bytes) => flip(bytes, 52) }],
    ['batch-instruction', 'an outcome bit beyond the bets', { instruction: (bytes) => flip(bytes, 160, 0x80) }],
    ['house-balance', 'the house takes more', { event: (bytes) => flip(bytes, 86) }],
  ];
  for (const [code, what, forgery] of cases) {
    const codes = (await verify(forgeBatch(lived, forgery))).divergences.map((one) => one.code);
    assert.ok(codes.includes(code), `${what}: ${codes}`);
  }
  await caught(
    forgeBatch(lived, {
      event: (bytes, { outcomes: bits }) => flip(bytes, outcomes, bits.length > 0 ? 1 : 0),
      instruction: (bytes) => flip(bytes, 160),
    }),
    'outcome',
    'the other side wins',
  );
});

test('a proof of another batch, and every part of a proof, is named', async () => {
  const hashOf = (world: Lived, index: number) => fromEvent(settlements(world)[index]!.raw.logs as string[]);
  const copy = copyOf(lived);
  const [first, second] = settlements(copy) as [Settled, Settled];
  const proofAt = (wire: Uint8Array, hash: Uint8Array) => find(wire, hash) + 32;
  const wire = second.raw.wire;
  const stolen = wire.slice(proofAt(wire, hashOf(copy, 1)), proofAt(wire, hashOf(copy, 1)) + 128);
  resign(copy, first.signature, (message) => message.set(stolen, proofAt(message, hashOf(copy, 0))));
  await caught(copy, 'proof', "another batch's proof");
  for (const at of [31, 95, 127]) {
    const broken = copyOf(lived);
    const { signature } = settlements(broken)[1]!;
    resign(broken, signature, (message) => flip(message, proofAt(message, hashOf(broken, 1)) + at));
    await caught(broken, 'proof', `byte ${at} of a proof`);
  }
});

test('a byte of what was signed is a forgery, wherever it lies', async () => {
  for (const at of [1, 64, 66, 150, 300]) {
    const world = changed((copy) => flip(settlements(copy)[0]!.raw.wire, at));
    await caught(world, 'transaction-forged', `byte ${at} of a transaction`);
  }
});

test('a changed event is named by what it changes', async () => {
  const cases: [string, number, DivergenceCode][] = [
    ['evopen', 8, 'event-mismatch'],
    ['evopen', 72, 'event-mismatch'],
    ['evopen', 135, 'vault-opened'],
    ['evopen', 167, 'session-key'],
    ['evdepos', 72, 'deposit'],
    ['evreqst', 72, 'withdrawal'],
    ['evreqst', 80, 'withdrawal'],
    ['evclaim', 72, 'claim'],
    ['evfund', 40, 'house-payment'],
    ['evtrans', 40, 'event-mismatch'],
    ['evtrans', 81, 'transfer'],
    ['evtrans', 89, 'transfer'],
    ['evtrans', 97, 'transfer'],
    ['evexit', 72, 'exit'],
    ['evexit', 80, 'exit'],
    ['evrotat', 103, 'key-rotation'],
    ['evrotat', 104, 'key-rotation'],
    ['evrotat', 112, 'key-rotation'],
    ['evchall', 72, 'challenge'],
    ['evchall', 80, 'challenge'],
    ['evchall', 90, 'challenge'],
    ['evchdue', 72, 'challenge'],
    ['evretir', 42, 'verifying-key'],
    ['evhoreq', 40, 'house-payment'],
    ['evhopay', 40, 'house-payment'],
    ['evsettl', 50, 'event-mismatch'],
    ['evsched', 45, 'change'],
    ['evapply', 45, 'change'],
    ['evpause', 40, 'event-mismatch'],
  ];
  for (const [tag, at, code] of cases) {
    const world = changed((copy) => changeEvent(withEvent(copy, tag)[0]!.raw, tag, (bytes) => flip(bytes, at)));
    await caught(world, code, `byte ${at} of ${tag}`);
  }
});

test('a log line of another program is no event, and one too many of this one is named', async () => {
  const line = settlements(lived)[0]!.raw.logs!.find((one) => one.startsWith('Program data: ')) as string;
  const other = 'Memo1UhkJRfHyvLMcVucJwxXeuD728EqVddwQDxFMNo';
  const foreign = changed((copy) => {
    const { raw } = settlements(copy)[1]!;
    raw.logs = [`Program ${other} invoke [1]`, line, `Program ${other} success`, ...raw.logs!];
  });
  assert.equal((await verify(foreign)).passed, true);
  const twice = changed((copy) => {
    const { raw } = settlements(copy)[1]!;
    raw.logs = raw.logs!.flatMap((one) => (one.startsWith('Program data: ') ? [one, line] : [one]));
  });
  await caught(twice, 'event-mismatch', 'a second event');
  const inner = changed((copy) => {
    const { raw } = settlements(copy)[1]!;
    const wrapped = [`Program ${other} invoke [1]`, `Program ${copy.program} invoke [2]`, line];
    raw.logs = [...wrapped, `Program ${copy.program} success`, `Program ${other} success`, ...raw.logs!];
  });
  await caught(inner, 'log-mismatch', 'a call that no instruction makes');
});

test('a log cut short by somebody else hides nothing and breaks nothing', async () => {
  const tags = ['evopen', 'evdepos', 'evreqst', 'evclaim', 'evtrans', 'evexit', 'evrotat', 'evchall', 'evfund', 'evhopay'];
  const cut = changed((copy) => {
    for (const { raw } of tags.flatMap((tag) => withEvent(copy, tag))) {
      raw.logs = [...raw.logs!.filter((line) => !line.startsWith('Program data')), 'Log truncated'];
    }
  });
  assert.deepEqual((await verify(cut)).divergences, []);
});

test('a dropped, doubled, reordered or hidden transaction is named', async () => {
  const drop = (world: Lived, signature: string) => {
    world.chain.listed = world.chain.listed.filter((entry) => entry.signature !== signature);
  };
  const first = lived.chain.listed.at(-1)?.signature as string;
  await caught(
    changed((copy) => drop(copy, first)),
    'history-incomplete',
    'without the first',
  );
  await caught(
    changed((copy) => drop(copy, settlements(copy)[0]!.signature)),
    'batch-number',
    'without a batch',
  );
  await caught(
    changed((copy) => drop(copy, settlements(copy).at(-1)!.signature)),
    'house-balance',
    'without the last batch',
  ).catch(async () =>
    assert.equal((await verify(changed((copy) => drop(copy, settlements(copy).at(-1)!.signature)))).passed, false),
  );
  await caught(
    changed((copy) => drop(copy, withEvent(copy, 'evopen')[0]!.signature)),
    'vault-unknown',
    'without a vault',
  );
  for (const tag of ['evbatch', 'evdepos', 'evclaim', 'evtrans', 'evrotat', 'evretir']) {
    const world = changed((copy) => drop(copy, withEvent(copy, tag).at(-1)!.signature));
    assert.equal((await verify(world)).passed, false, `without ${tag}`);
  }
  const doubled = changed((copy) => {
    const at = copy.chain.listed.findIndex(({ signature }) => signature === settlements(copy)[1]!.signature);
    copy.chain.listed.splice(at, 0, copy.chain.listed[at]!);
  });
  await caught(doubled, 'transaction-duplicate', 'twice');
  const swapped = changed((copy) => {
    const [a, b] = [0, 1].map((index) =>
      copy.chain.listed.findIndex(({ signature }) => signature === settlements(copy)[index]!.signature),
    ) as [number, number];
    [copy.chain.listed[a], copy.chain.listed[b]] = [copy.chain.listed[b]!, copy.chain.listed[a]!];
  });
  const codes = (await verify(swapped)).divergences.map(({ code }) => code);
  assert.ok(codes.includes('transaction-order') && codes.includes('batch-number'), `${codes}`);
  const failed = changed((copy) => {
    copy.chain.listed.find(({ signature }) => signature === settlements(copy)[0]!.signature)!.failed = true;
  });
  await caught(failed, 'batch-number', 'a batch that is said to have failed');
  await caught(
    changed((copy) => copy.chain.transactions.delete(settlements(copy)[0]!.signature)),
    'transaction-missing',
    'lost',
  );
});

test('every byte of every account is compared', async () => {
  const known = {
    'vault-account': vaults(lived)[0]!,
    'house-account': accountOf(lived, lived.house),
    'terms-account': [...lived.chain.accounts.values()].find(({ data }) => data.length === 96)!,
    'key-account': [...lived.chain.accounts.values()].find(({ data }) => data.length === 672)!,
  };
  for (const [code, { address, data }] of Object.entries(known)) {
    // Several accounts a run: the comparison tells all of them apart.
    for (let at = 0; at < data.length; at += code === 'key-account' ? 29 : 5) {
      const report = await compareOnly(changed((copy) => flip(accountOf(copy, address).data, at)));
      const allowed = [code, 'account-malformed'];
      assert.ok(report.length > 0 && report.every((one) => allowed.includes(one)), `${code} byte ${at}: ${report}`);
    }
  }
  const escrow = changed((copy) => {
    accountOf(copy, copy.escrow).lamports -= 1n;
  });
  assert.deepEqual(await compareOnly(escrow), ['escrow']);
  const rich = changed((copy) => {
    accountOf(copy, copy.escrow).lamports += 1n;
  });
  assert.deepEqual(await compareOnly(rich), [], 'a donation');
  const stolen = changed((copy) => {
    vaults(copy)[1]!.owner = copy.escrow;
  });
  assert.deepEqual(await compareOnly(stolen), ['account-owner']);
  const gone = changed((copy) => copy.chain.accounts.delete(vaults(copy)[1]!.address));
  assert.deepEqual(await compareOnly(gone), ['account-missing']);
  const unlisted = changed((copy) => {
    copy.chain.accounts.set(copy.escrow, { ...accountOf(copy, copy.escrow) });
    copy.chain.accounts.set('unlisted' as never, { ...vaults(copy)[0]!, address: copy.escrow });
  });
  assert.deepEqual(await compareOnly(unlisted), ['vault-unlisted']);
});

let checkpoint: string | undefined;

/** Codes of the differences of the accounts alone: the replay goes on from its end. */
async function compareOnly(world: Lived): Promise<string[]> {
  const rpc = playBack(world.chain);
  const base = { rpc, program: world.program, house: world.house, settleMs: 0 };
  if (checkpoint === undefined) {
    await verifyChain({
      ...base,
      rpc: playBack(lived.chain),
      blobs: { get: async (hash) => lived.blobs.get(toHex(hash)) },
      onCheckpoint: (text) => {
        checkpoint = text;
      },
    });
  }
  const report = await verifyChain({ ...base, blobs: { get: async () => undefined }, checkpoint });
  return report.divergences.map(({ code }) => code);
}

test('no random byte of a blob, an event, a transaction or an account passes', async () => {
  const parts = ['blob', 'log', 'wire', 'account'] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...parts),
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 0, max: 7 }),
      async (part, which, where, bit) => {
        const copy = copyOf(lived);
        const { transactions, accounts, listed } = copy.chain;
        const pick = <T>(items: readonly T[]): T => items[which % items.length] as T;
        if (part === 'log') {
          const raw = transactions.get(pick(listed.filter(({ signature }) => hasEvent(copy, signature))).signature)!;
          const index = raw.logs!.findIndex((line) => line.startsWith('Program data: '));
          const bytes = Buffer.from(raw.logs![index]!.slice(14), 'base64');
          flip(bytes, where % bytes.length, 1 << bit);
          raw.logs = raw.logs!.map((line, at) => (at === index ? `Program data: ${bytes.toString('base64')}` : line));
        } else {
          const bytes = {
            blob: () => pick([...copy.blobs.values()]),
            wire: () => transactions.get(pick(listed).signature)!.wire,
            account: () => pick([...accounts.values()].filter(({ data }) => data.length > 0)).data,
          }[part]();
          flip(bytes, where % bytes.length, 1 << bit);
        }
        const passes = part === 'account' ? (await compareOnly(copy)).length === 0 : (await verify(copy)).passed;
        assert.equal(passes, false, part);
      },
    ),
    { numRuns: 16 },
  );
});

const hasEvent = (world: Lived, signature: string): boolean =>
  world.chain.transactions.get(signature)!.logs!.some((line) => line.startsWith('Program data: '));

/** The blob hash of the batch that a log tells of. */
function fromEvent(logs: readonly string[]): Uint8Array {
  const line = logs.find((one) => one.startsWith('Program data: ')) as string;
  return new Uint8Array(Buffer.from(line.slice(14), 'base64')).slice(54, 86);
}
