pragma circom 2.1.6;

include "bet.circom";
include "outcome.circom";
include "payout.circom";
include "range.circom";
include "row_selection.circom";

// One row: a bet of the slot it belongs to, or an unused row, which belongs to none and changes nothing.
template BetRow(maxVaults) {
    signal input isIn[maxVaults]; // 1 for the row's slot, 0 for the others
    signal input termsId;
    signal input profitBps;
    signal input accountId[maxVaults];
    signal input vaultKey[maxVaults];
    signal input head[maxVaults];
    signal input balance[maxVaults];
    signal input nextBet[maxVaults];
    signal input stakeUnits;
    signal input choice;
    signal input clientSeed;
    signal input outcome;
    signal input root;
    signal output headAfter[maxVaults];
    signal output balanceAfter[maxVaults];
    signal output nextBetAfter[maxVaults];

    var isUsed = 0;
    for (var j = 0; j < maxVaults; j++) {
        isUsed += isIn[j];
    }

    // What the row's slot holds.
    component ownAccountId = ReadSlot(maxVaults);
    ownAccountId.isIn <== isIn;
    ownAccountId.value <== accountId;
    component ownVaultKey = ReadSlot(maxVaults);
    ownVaultKey.isIn <== isIn;
    ownVaultKey.value <== vaultKey;
    component ownHead = ReadSlot(maxVaults);
    ownHead.isIn <== isIn;
    ownHead.value <== head;
    component ownBalance = ReadSlot(maxVaults);
    ownBalance.isIn <== isIn;
    ownBalance.value <== balance;
    component betNumber = ReadSlot(maxVaults);
    betNumber.isIn <== isIn;
    betNumber.value <== nextBet;

    component bet = BetHead();
    bet.isUsed <== isUsed;
    bet.previousHead <== ownHead.out;
    bet.stakeUnits <== stakeUnits;
    bet.choice <== choice;
    bet.betNumber <== betNumber.out;
    bet.termsId <== termsId;
    bet.clientSeed <== clientSeed;
    bet.accountId <== ownAccountId.out;

    component flip = Outcome();
    flip.isUsed <== isUsed;
    flip.vaultKey <== ownVaultKey.out;
    flip.betNumber <== betNumber.out;
    flip.head <== bet.head;
    flip.outcome <== outcome;
    flip.root <== root;

    // The balance covers the stake before every bet, not only at the end of the run.
    component solvent = Range(64);
    solvent.in <== ownBalance.out - 10000 * stakeUnits;

    component payout = Payout();
    payout.stakeUnits <== stakeUnits;
    payout.choice <== choice;
    payout.outcome <== outcome;
    payout.profitBps <== profitBps;

    for (var j = 0; j < maxVaults; j++) {
        headAfter[j] <== head[j] + isIn[j] * (bet.head - head[j]);
        balanceAfter[j] <== balance[j] + isIn[j] * payout.delta;
        nextBetAfter[j] <== nextBet[j] + isIn[j];
    }
}
