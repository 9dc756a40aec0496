import type { LineCounter, Scalar } from 'yaml';
import type { Place } from './query.ts';

/** Where in a file the characters of a YAML or JSON text stand, whatever way it is written: quoted, plain or a block. */
export interface ScalarPlaces {
  readonly place: Place;
  readonly placeOf: (offset: number) => Place;
}

/**
 * Finds the places of the characters of a scalar. Blank space is folded and indented by YAML and escaped in quotes, but
 * everything else comes in the same order in the file and in the value, so the two are walked side by side.
 */
export function scalarPlaces(text: string, scalar: Scalar, lines: LineCounter): ScalarPlaces {
  const value = String(scalar.value);
  const [start, end] = scalar.range ?? [0, text.length];
  const isBlock = scalar.type === 'BLOCK_LITERAL' || scalar.type === 'BLOCK_FOLDED';
  const isQuoted = scalar.type === 'QUOTE_DOUBLE';
  const newline = text.indexOf('\n', start);
  let position = isBlock && newline !== -1 ? newline + 1 : start;
  const offsets: number[] = [];
  for (const character of value) {
    if (/\s/.test(character)) {
      offsets.push(position);
      continue;
    }
    while (position < end && text[position] !== character)
      position += isQuoted && text[position] === '\\' && /[ntr]/.test(text[position + 1] ?? '') ? 2 : 1;
    for (let unit = 0; unit < character.length; unit += 1) offsets.push(position + unit);
    position += character.length;
  }
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const placeOf = (offset: number) => placeAt(offsets[offset] ?? position);
  const first = value.search(/\S/);
  return { place: placeOf(Math.max(first, 0)), placeOf };
}
