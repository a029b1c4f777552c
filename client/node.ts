/** The SDK for Node: all of `index.ts`, and the store of files. */
export { FileStore } from './file-store.ts';
export * from './index.ts';
