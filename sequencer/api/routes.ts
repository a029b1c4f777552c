import { registerBatchRoutes } from './routes/batches.ts';
import { registerBetRoutes } from './routes/bets.ts';
import { registerHouseRoutes } from './routes/house.ts';
import { registerOperationRoutes } from './routes/operations.ts';
import type { ApiParts, Server } from './routes/parts.ts';
import { registerVaultRoutes } from './routes/vaults.ts';

/** All HTTP routes, in the order in which the documentation shows them. */
export function registerRoutes(server: Server, parts: ApiParts): void {
  registerBetRoutes(server, parts);
  registerVaultRoutes(server, parts);
  registerBatchRoutes(server, parts);
  registerHouseRoutes(server, parts);
  registerOperationRoutes(server, parts);
}
