pragma circom 2.1.6;

include "circomlib/circuits/poseidon.circom";
include "templates/public_input.circom";
include "templates/range.circom";
include "templates/row.circom";
include "templates/row_selection.circom";
include "templates/session.circom";
include "templates/slot_fields.circom";

// The statement of a batch (docs: protocol, "The batch and its statement"): up to maxBets bets (rows) of up to
// maxVaults vaults (slots), under one house's terms. The one public signal is the hash of all public fields.
//
// Rows lie in slot order, used ones first; slots are filled from 0 on. Each slot has three registers: its head, its
// balance and its next bet number. A row reads those of its slot, and writes them back as its bet leaves them.
//
// Two slots may hold runs of one vault here; the program refuses that by taking vaults in ascending order only.
template Settlement(maxBets, maxVaults) {
    assert(maxBets <= 250);

    // The batch. k is the secret that vrfCommitment = Poseidon(k) binds.
    signal input batchNumber;
    signal input termsId;
    signal input profitBps;
    signal input blobHash[2]; // high and low 128 bits; not packed with anything, so held by the hash alone
    signal input k;

    // A slot: one vault's run of bets. An unused slot is all zero, but for its key and r8, which are any points.
    signal input accountId[maxVaults];
    signal input start[maxVaults];
    signal input firstBet[maxVaults];
    signal input betCount[maxVaults];
    signal input headBefore[maxVaults]; // free: the signature on the run's last head fixes it
    signal input sessionKey[maxVaults][2];
    signal input signatureR8[maxVaults][2];
    signal input signatureS[maxVaults];

    // A row: one bet, its outcome and the root that shows it (see Outcome).
    signal input stakeUnits[maxBets];
    signal input choice[maxBets];
    signal input clientSeed[maxBets];
    signal input outcome[maxBets];
    signal input root[maxBets];

    signal output publicInput;

    component batchNumberRange = Range(64);
    batchNumberRange.in <== batchNumber;
    component termsIdRange = Range(32);
    termsIdRange.in <== termsId;
    component profitBpsRange = Range(32);
    profitBpsRange.in <== profitBps;

    component vrfCommitment = Poseidon(1);
    vrfCommitment.inputs[0] <== k;

    component rows = RowsOfSlots(maxBets, maxVaults);
    rows.betCount <== betCount;

    // Registers of the slots, before row i; [maxBets] is after the last row.
    signal head[maxBets + 1][maxVaults];
    signal balance[maxBets + 1][maxVaults];
    signal nextBet[maxBets + 1][maxVaults];
    signal vaultKey[maxVaults];
    component vaultKeyHash[maxVaults];
    for (var j = 0; j < maxVaults; j++) {
        head[0][j] <== headBefore[j];
        balance[0][j] <== start[j];
        nextBet[0][j] <== firstBet[j];
        vaultKeyHash[j] = Poseidon(2);
        vaultKeyHash[j].inputs[0] <== k;
        vaultKeyHash[j].inputs[1] <== accountId[j];
        vaultKey[j] <== vaultKeyHash[j].out;
    }

    component row[maxBets];
    var outcomes = 0;
    for (var i = 0; i < maxBets; i++) {
        row[i] = BetRow(maxVaults);
        for (var j = 0; j < maxVaults; j++) {
            row[i].isIn[j] <== rows.isIn[j][i];
        }
        row[i].termsId <== termsId;
        row[i].profitBps <== profitBps;
        row[i].accountId <== accountId;
        row[i].vaultKey <== vaultKey;
        row[i].head <== head[i];
        row[i].balance <== balance[i];
        row[i].nextBet <== nextBet[i];
        row[i].stakeUnits <== stakeUnits[i];
        row[i].choice <== choice[i];
        row[i].clientSeed <== clientSeed[i];
        row[i].outcome <== outcome[i];
        row[i].root <== root[i];
        head[i + 1] <== row[i].headAfter;
        balance[i + 1] <== row[i].balanceAfter;
        nextBet[i + 1] <== row[i].nextBetAfter;
        outcomes += outcome[i] * (1 << i);
    }

    // The public fields: the header, then three a slot.
    component slot[maxVaults];
    component session[maxVaults];
    component fields = PublicInput(5 + 3 * maxVaults);
    fields.field[0] <== batchNumber + termsId * (1 << 64) + profitBps * (1 << 96);
    fields.field[1] <== vrfCommitment.out;
    fields.field[2] <== blobHash[0];
    fields.field[3] <== blobHash[1];
    fields.field[4] <== outcomes;
    for (var j = 0; j < maxVaults; j++) {
        slot[j] = SlotFields();
        slot[j].accountId <== accountId[j];
        slot[j].start <== start[j];
        slot[j].after <== balance[maxBets][j];
        slot[j].firstBet <== firstBet[j];
        slot[j].betCount <== betCount[j];
        if (j > 0) {
            // Used slots come first.
            slot[j].isUsed * (1 - slot[j - 1].isUsed) === 0;
        }

        session[j] = SessionSignature();
        session[j].enabled <== slot[j].isUsed;
        session[j].message <== head[maxBets][j];
        session[j].key <== sessionKey[j];
        session[j].r8 <== signatureR8[j];
        session[j].s <== signatureS[j];

        fields.field[5 + 3 * j] <== accountId[j];
        fields.field[6 + 3 * j] <== slot[j].isUsed * session[j].keyHash;
        fields.field[7 + 3 * j] <== slot[j].packed;
    }
    publicInput <== fields.out;
}
