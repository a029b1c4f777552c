pragma circom 2.1.6;

// Which rows belong to which slot: the first betCount[0] rows to slot 0, the next betCount[1] to slot 1, and so on.
// isIn[j][i] is 1 iff row i belongs to slot j, else 0. Each betCount must be range-checked by the caller; their
// sum is then held to 1 .. maxBets here. A slot with betCount 0 has no rows; rows after the last end belong to none.
template RowsOfSlots(maxBets, maxVaults) {
    signal input betCount[maxVaults];
    signal output isIn[maxVaults][maxBets];

    // isEnd[j][i]: row i is the last one of slots 0 .. j taken together.
    signal isEnd[maxVaults][maxBets];
    // upTo[j][i]: row i belongs to one of slots 0 .. j, that is, their end is row i or a later one.
    signal upTo[maxVaults][maxBets + 1];

    var endCount = 0;
    for (var j = 0; j < maxVaults; j++) {
        endCount += betCount[j];
        var ends = 0;
        upTo[j][maxBets] <== 0;
        for (var i = maxBets - 1; i >= 0; i--) {
            // Zero wherever it is not the end (next line); that there is an end at all, and that it counts
            // once, follows from `ends === 1`.
            isEnd[j][i] <-- endCount == i + 1 ? 1 : 0;
            isEnd[j][i] * (endCount - (i + 1)) === 0;
            ends += isEnd[j][i];
            upTo[j][i] <== upTo[j][i + 1] + isEnd[j][i];
            if (j == 0) {
                isIn[j][i] <== upTo[j][i];
            } else {
                isIn[j][i] <== upTo[j][i] - upTo[j - 1][i];
            }
        }
        ends === 1;
    }
}

// out = value[j] of the slot j that the row belongs to, 0 for a row that belongs to none.
template ReadSlot(maxVaults) {
    signal input isIn[maxVaults];
    signal input value[maxVaults];
    signal output out;

    signal term[maxVaults];
    var sum = 0;
    for (var j = 0; j < maxVaults; j++) {
        term[j] <== isIn[j] * value[j];
        sum += term[j];
    }
    out <== sum;
}
