// Test- and build-time packages that ship no types.
declare module 'circomlibjs';
declare module 'snarkjs';
