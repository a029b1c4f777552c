pragma circom 2.1.6;

include "circomlib/circuits/poseidon.circom";

// Holds `outcome` to be the bit of the bet: 1 iff y = Poseidon(vaultKey, betNumber) + head is a non-zero square.
// 5 is not a square mod r, so of y and 5 * y exactly one has a root: outcome 1 needs that of y, outcome 0 that of
// 5 * y, and no third value of outcome is let through. An unused row gets y = 5, whose only outcome is 0.
// `root` is a hint of the prover: either square root of y * (outcome ? 1 : 5).
template Outcome() {
    signal input isUsed;
    signal input vaultKey;
    signal input betNumber;
    signal input head;
    signal input outcome;
    signal input root;

    component serverSeed = Poseidon(2);
    serverSeed.inputs[0] <== vaultKey;
    serverSeed.inputs[1] <== betNumber;

    signal y;
    y <== 5 + isUsed * (serverSeed.out + head - 5);

    // y is not zero: zero has a root whatever the outcome.
    signal yInverse;
    yInverse <-- y != 0 ? 1 / y : 0;
    y * yInverse === 1;

    outcome * (outcome - 1) === 0;
    signal square;
    square <== y * (outcome + 5 * (1 - outcome));
    root * root === square;
}
