/** Lets few of many like lines into the log. */
export interface LogThrottle {
  /** How many lines were left out since the last one, if one may be written now. */
  next(): { readonly leftOut: number } | undefined;
}

/** Makes a throttle that lets one line through in each interval. @param clock milliseconds */
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
