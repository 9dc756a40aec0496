import { expect, test } from 'vitest';
import { readKnownFaults } from '../support/known-faults.ts';
import { billagedFaults, metaldFaults, notScheduled } from './fault-schedule.ts';

const known = await readKnownFaults();

test.for([
  ['metald', metaldFaults, notScheduled.metald],
  ['billaged', billagedFaults, notScheduled.billaged],
] as const)('every fault of %s is in the schedule or has a reason to be left out', ([service, scheduled, leftOut]) => {
  const names = [...scheduled.map(({ name }) => name), ...Object.keys(leftOut)];
  expect(names.sort()).toEqual([...known[service].keys()].sort());
});
