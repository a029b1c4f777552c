/** Time and chance, passed in so that a test can replace them. */
export interface Clock {
  nowMs(): number;
  /** In [0, 1). */
  random(): number;
  sleep(durationMs: number): Promise<void>;
}

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  random: () => Math.random(),
  sleep: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
};
