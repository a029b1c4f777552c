pragma circom 2.1.6;

include "circomlib/circuits/bitify.circom";

// 0 <= in < 2^width. Every lane of a packed field passes through this: packing is linear, so an unchecked lane
// could cancel in its neighbour.
template Range(width) {
    signal input in;

    component bits = Num2Bits(width);
    bits.in <== in;
}
