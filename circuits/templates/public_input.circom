pragma circom 2.1.6;

include "circomlib/circuits/poseidon.circom";

// One field element for all public fields: state_0 = Poseidon(1), state_{i+1} = Poseidon(state_i, next 11 fields),
// zeros after the last field. Their number is fixed by the circuit, so no two lists share an encoding.
template PublicInput(count) {
    signal input field[count];
    signal output out;

    var calls = (count + 10) \ 11;
    component first = Poseidon(1);
    first.inputs[0] <== 1;
    component next[calls];
    for (var c = 0; c < calls; c++) {
        next[c] = Poseidon(12);
        if (c == 0) {
            next[c].inputs[0] <== first.out;
        } else {
            next[c].inputs[0] <== next[c - 1].out;
        }
        for (var i = 0; i < 11; i++) {
            if (11 * c + i < count) {
                next[c].inputs[i + 1] <== field[11 * c + i];
            } else {
                next[c].inputs[i + 1] <== 0;
            }
        }
    }
    out <== next[calls - 1].out;
}
