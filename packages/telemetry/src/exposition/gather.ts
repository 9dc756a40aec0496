import type { FamilySource, MetricFamily } from './family.ts';

/** What all sources said. */
export interface Gathered {
  readonly families: readonly MetricFamily[];
  /** A source that failed, or a family that two sources claim: each costs only itself. */
  readonly errors: readonly Error[];
}

/** A family whose samples are yielded one by one is read here, where a failure costs its source alone. */
function readSamples(family: MetricFamily): MetricFamily {
  return { ...family, samples: [...family.samples] };
}

/** Asks every source at the same time. */
export async function gather(sources: readonly FamilySource[]): Promise<Gathered> {
  const answers = await Promise.allSettled(sources.map(async (source) => Array.from(await source(), readSamples)));
  const families = new Map<string, MetricFamily>();
  const errors: Error[] = [];
  for (const answer of answers) {
    if (answer.status === 'rejected') {
      errors.push(new Error('a source of metrics failed', { cause: answer.reason }));
      continue;
    }
    for (const family of answer.value) {
      if (families.has(family.name))
        errors.push(new Error(`two sources yield the metric ${family.name}; the first is served`));
      else families.set(family.name, family);
    }
  }
  return { families: [...families.values()], errors };
}
