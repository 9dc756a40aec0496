/** The file of a ledger that nobody has named. */
export const defaultFile = '~/.local/state/billaged-sim/billaged.db';
