/** What is reported about the outages of a destination. */
export interface OutageEvents {
  /** The destination stopped accepting lines. @param cause `undefined` when its reader has stopped and the queue is full */
  onFailing(cause: Error | undefined): void;
  /** The destination accepts lines again. @param lostLines number of lines lost since `onFailing` */
  onRecovered(lostLines: number): void;
  /** Lines were lost. @param atTheEnd whether the writer has finished; no report follows then */
  onLost(lines: readonly string[], atTheEnd: boolean): void;
}

/** Reports an outage of the destination once, and what was lost in it. */
export class Outage {
  readonly #events: OutageEvents;
  isOpen = false;
  /** Lines lost in this outage. */
  lostLines = 0;

  constructor(events: OutageEvents) {
    this.#events = events;
  }

  open(cause: Error | undefined): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.#events.onFailing(cause);
  }

  lose(lines: readonly string[], cause: Error | undefined): void {
    if (lines.length === 0) return;
    this.open(cause);
    this.lostLines += lines.length;
    this.#events.onLost(lines, false);
  }

  loseAtTheEnd(lines: readonly string[]): void {
    if (lines.length > 0) this.#events.onLost(lines, true);
  }

  close(): void {
    const { lostLines } = this;
    this.isOpen = false;
    this.lostLines = 0;
    this.#events.onRecovered(lostLines);
  }
}
