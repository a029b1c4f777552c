pragma circom 2.1.6;

include "settlement.circom";

component main = Settlement(62, 16);
