// Packages that ship no types. jstat's are given where it is used; the others serve tests and builds.
declare module 'circomlibjs';
declare module 'jstat';
declare module 'snarkjs';
