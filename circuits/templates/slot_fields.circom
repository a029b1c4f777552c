pragma circom 2.1.6;

include "circomlib/circuits/comparators.circom";
include "range.circom";

// A slot's packed public field, pack(start:64, after:64, firstBet:64, betCount:16), every lane in its width and
// the last bet number, firstBet + betCount - 1, in 64 bits too. A slot without bets is unused: all its public
// fields are zero.
template SlotFields() {
    signal input accountId;
    signal input start;
    signal input after;
    signal input firstBet;
    signal input betCount;
    signal output isUsed;
    signal output packed;

    component startRange = Range(64);
    startRange.in <== start;
    component afterRange = Range(64);
    afterRange.in <== after;
    component firstBetRange = Range(64);
    firstBetRange.in <== firstBet;
    component betCountRange = Range(16);
    betCountRange.in <== betCount;

    component isEmpty = IsZero();
    isEmpty.in <== betCount;
    isUsed <== 1 - isEmpty.out;

    component lastBetRange = Range(64);
    lastBetRange.in <== firstBet + betCount - isUsed;

    packed <== start + after * (1 << 64) + firstBet * (1 << 128) + betCount * (1 << 192);

    // The lanes are in range, so packed is zero only if all of them are.
    isEmpty.out * packed === 0;
    isEmpty.out * accountId === 0;
}
