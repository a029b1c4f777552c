import { defineConfig } from 'vite';

const apiUrl = process.env.API_URL ?? 'http://127.0.0.1:8787';
const rpcUrl = process.env.RPC_URL ?? 'http://127.0.0.1:8899';

// The page, the casino and the chain under one origin, so that the browser lets the page read their answers.
export default defineConfig({
  root: import.meta.dirname,
  server: {
    fs: { allow: ['../..'] },
    proxy: {
      '/v1': apiUrl,
      '/health': apiUrl,
      '/ws': { target: apiUrl, ws: true },
      '/rpc': { target: rpcUrl, rewrite: (path) => path.replace(/^\/rpc/, '/') },
    },
  },
});
