/** Fields that identify a line. Readers of JSON take the last of two fields with one name. */
const ownFields = /"(?=(?:level|timestamp|service|service\.instance\.id|log\.seq)":)/y;

/** The same, anywhere in the text. */
const maybeOwnFields = new RegExp(ownFields.source, 'g');

/** Prefix of a caller's field that has one of these names; the collector uses it too. */
const prefix = 'line.';

/**
 * Protects the fields that identify a line: a caller's field with such a name is renamed, as in `line.service`. Otherwise the
 * line would seem to come from another process or time, and its number would be missing from its own process.
 *
 * Nearly all lines have no such name; they are only searched.
 *
 * @param start index at which the fields of callers begin
 */
export function keepOwnFields(line: string, start: number): string {
  maybeOwnFields.lastIndex = start;
  if (!maybeOwnFields.test(line)) return line;
  let kept = line.slice(0, start);
  let copied = start;
  for (const name of namesIn(line, start)) {
    ownFields.lastIndex = name;
    if (!ownFields.test(line)) continue;
    kept += `${line.slice(copied, name + 1)}${prefix}`;
    copied = name + 1;
  }
  return kept + line.slice(copied);
}

/** Yields where each string begins that is in no nested object or list. */
function* namesIn(line: string, start: number): Generator<number> {
  let depth = 0;
  for (let index = start; index < line.length; index++) {
    const character = line[index];
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    else if (character === '"') {
      if (depth === 0) yield index;
      index = endOfString(line, index);
    }
  }
}

/** The index of the closing quotation mark of the string that begins here. */
function endOfString(line: string, start: number): number {
  let end = start + 1;
  while (end < line.length && line[end] !== '"') end += line[end] === '\\' ? 2 : 1;
  return end;
}
