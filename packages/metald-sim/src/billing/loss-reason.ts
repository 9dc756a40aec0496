/**
 * Why samples are lost: the spool was at its limit, the disk did not take them, billaged refused them, they could not be
 * read back, or the process ended with them in memory. Values of a label.
 */
export const lossReasons = ['spool_full', 'spool_unwritable', 'refused', 'damaged', 'shutdown'] as const;

/** One of the reasons. */
export type LossReason = (typeof lossReasons)[number];
