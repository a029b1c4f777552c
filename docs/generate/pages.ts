import { cliPage } from './cli.ts';
import { configPage } from './config.ts';
import { metricsReference } from './metrics.ts';
import { programReference } from './program.ts';
import { sdkReference } from './sdk.ts';

/** Pages that are made from what they describe, by their path below docs/. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  'reference/cli.md': cliPage,
  'reference/config.md': configPage,
  'reference/metrics.md': metricsReference,
  'reference/program.md': programReference,
  'reference/sdk.md': sdkReference,
};
