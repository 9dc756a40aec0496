import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fleet } from './fleet.ts';

/** A way to serve the metrics of a fleet. */
export interface Subject {
  /** Answers a scrape. */
  serve(request: IncomingMessage, response: ServerResponse): void;
  /** Takes over the values of a VM, after the fleet has changed them. */
  update(vm: number): void;
}

/** Makes a subject that has the values which the fleet has. */
export type SubjectMaker = (fleet: Fleet) => Subject | Promise<Subject>;
