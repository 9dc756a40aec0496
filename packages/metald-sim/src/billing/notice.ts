/** What metald tells billaged of a VM besides its samples. Times are Unix nanoseconds. */
export type Notice =
  | { readonly kind: 'started'; readonly vmId: string; readonly customerId: string; readonly startTime: bigint }
  | { readonly kind: 'stopped'; readonly vmId: string; readonly stopTime: bigint }
  /** Samples between these two moments may be missing. */
  | { readonly kind: 'gap'; readonly vmId: string; readonly lastSent: bigint; readonly resumeTime: bigint };

/** The kinds of notices: values of a label. */
export const noticeKinds = ['started', 'stopped', 'gap'] as const satisfies readonly Notice['kind'][];
