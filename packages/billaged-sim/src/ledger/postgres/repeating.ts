/** Work that is done again and again. */
export interface Repeating {
  /** Stops, and waits for what is under way. */
  end(): Promise<void>;
}

/** Does something at each interval, one at a time. What fails is told, and done again at the next. */
export function startRepeating(
  intervalMs: number,
  work: () => Promise<void>,
  onFailed: (error: unknown) => void = () => undefined,
): Repeating {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= work()
      .catch(onFailed)
      .finally(() => {
        running = undefined;
      });
  }, intervalMs).unref();
  return {
    async end() {
      clearInterval(timer);
      await running;
    },
  };
}
