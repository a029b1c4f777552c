pragma circom 2.1.6;

include "circomlib/circuits/poseidon.circom";
include "range.circom";

// The head of a bettor's chain after one more bet:
// Poseidon(previousHead, pack(stakeUnits:40, choice:8, game:8, betNumber:64, termsId:32), clientSeed, accountId).
// Checks stakeUnits (40 bits; from 1 in a used row, 0 in an unused one) and choice (0 tails, 1 heads). Game is 0.
// betNumber and termsId must be range-checked by the caller.
template BetHead() {
    signal input isUsed;
    signal input previousHead;
    signal input stakeUnits;
    signal input choice;
    signal input betNumber;
    signal input termsId;
    signal input clientSeed;
    signal input accountId;
    signal output head;

    component stakeRange = Range(40);
    stakeRange.in <== stakeUnits;
    choice * (choice - 1) === 0;

    // Without an inverse stakeUnits is zero: refused if the row is used, and the only choice if it is not.
    signal stakeInverse;
    stakeInverse <-- stakeUnits != 0 ? 1 / stakeUnits : 0;
    stakeUnits * stakeInverse === isUsed;
    (1 - isUsed) * (stakeUnits + stakeInverse) === 0;

    component hash = Poseidon(4);
    hash.inputs[0] <== previousHead;
    hash.inputs[1] <== stakeUnits + choice * (1 << 40) + betNumber * (1 << 56) + termsId * (1 << 120);
    hash.inputs[2] <== clientSeed;
    hash.inputs[3] <== accountId;
    head <== hash.out;
}
