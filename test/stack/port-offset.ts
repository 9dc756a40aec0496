/**
 * What is added to the usual ports of the parts: away from those and from the ports that systems give out from 32768 on, and
 * another for each process that runs tests.
 */
export const portOffset = 10_000 + (process.pid % 5_000);
