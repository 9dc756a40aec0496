/** What a talking service is told to do. */
export type Order =
  | { readonly kind: 'log'; readonly count: number; readonly padding?: number }
  | { readonly kind: 'log and exit'; readonly count: number; readonly padding?: number }
  | { readonly kind: 'log and throw'; readonly count: number; readonly padding?: number };

/** What it says when it has started. */
export interface Started {
  readonly metricsUrl: string;
}
