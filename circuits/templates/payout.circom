pragma circom 2.1.6;

// delta = what the bet adds to the balance: stakeUnits * profitBps if outcome == choice, else -stakeUnits * 10000.
// outcome and choice are bits; below 2^72 in size, so nothing wraps.
template Payout() {
    signal input stakeUnits;
    signal input choice;
    signal input outcome;
    signal input profitBps;
    signal output delta;

    signal both;
    both <== outcome * choice;
    signal wonUnits;
    wonUnits <== stakeUnits * (1 - outcome - choice + 2 * both);
    // A win gives back the stake, taken off in every case, and the profit.
    signal credit;
    credit <== wonUnits * (10000 + profitBps);
    delta <== credit - 10000 * stakeUnits;
}
