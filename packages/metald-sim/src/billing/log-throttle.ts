/** Limits how often similar lines are logged. */
export interface LogThrottle {
  /** Asks to log a line. @returns how many were left out since the last one; undefined to leave this one out */
  next(): { readonly leftOut: number } | undefined;
}

/** Makes a throttle that allows one line per interval. @param clock milliseconds */
export function createLogThrottle(intervalMs: number, clock = () => performance.now()): LogThrottle {
  let notBefore = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  return {
    next() {
      if (clock() < notBefore) {
        leftOut += 1;
        return undefined;
      }
      notBefore = clock() + intervalMs;
      const line = { leftOut };
      leftOut = 0;
      return line;
    },
  };
}
