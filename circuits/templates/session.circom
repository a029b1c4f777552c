pragma circom 2.1.6;

include "circomlib/circuits/babyjub.circom";
include "circomlib/circuits/eddsaposeidon.circom";
include "circomlib/circuits/poseidon.circom";

// The session key's EdDSA signature on `message`, and the key's hash. If enabled, circomlib's verifier checks the
// equation, that S is below the subgroup's order, and that 4A has x != 0, which is to say that 8A is not the
// identity: A is not of small order. It takes A and R8 to be on the curve without a check, so that is here, for
// a slot that is not enabled too (its prover fills in any point).
template SessionSignature() {
    signal input enabled;
    signal input message;
    signal input key[2];
    signal input r8[2];
    signal input s;
    signal output keyHash;

    component keyOnCurve = BabyCheck();
    keyOnCurve.x <== key[0];
    keyOnCurve.y <== key[1];
    component r8OnCurve = BabyCheck();
    r8OnCurve.x <== r8[0];
    r8OnCurve.y <== r8[1];

    component verifier = EdDSAPoseidonVerifier();
    verifier.enabled <== enabled;
    verifier.Ax <== key[0];
    verifier.Ay <== key[1];
    verifier.R8x <== r8[0];
    verifier.R8y <== r8[1];
    verifier.S <== s;
    verifier.M <== message;

    component hash = Poseidon(2);
    hash.inputs[0] <== key[0];
    hash.inputs[1] <== key[1];
    keyHash <== hash.out;
}
