import { metricsReference } from './metrics.ts';
import { programReference } from './program.ts';

/** Pages that are made from what they describe, by their path below docs/. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  'reference/metrics.md': metricsReference,
  'reference/program.md': programReference,
};
