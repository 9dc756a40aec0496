/*
 * The first import of a `main.ts`: a signal that comes while the program is still loaded ends it with status 0, as nothing is
 * open yet. Without it, process 1 of a container would ignore the signal. It does nothing once the program handles signals
 * itself.
 */
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(0);
  });
}
