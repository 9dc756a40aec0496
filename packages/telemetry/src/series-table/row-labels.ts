import { escapeLabelValue, formatNumber } from '../exposition/values.ts';

/** The labels of a row: a value for each name. */
export type RowLabels<Label extends string> = Readonly<Record<Label, string | number>>;

/**
 * Makes a function that writes the labels of a row in the form of a page, `vm_id="ud-1",customer_id="c-7"`, in UTF-8. The bytes
 * are valid until the next call. It throws a TypeError for a label without a value.
 */
export function createRowLabelWriter<Label extends string>(
  table: string,
  names: readonly Label[],
): (labels: RowLabels<Label>) => Uint8Array {
  const encoder = new TextEncoder();
  let bytes = new Uint8Array(256);
  return (labels) => {
    let text = '';
    for (const name of names) {
      const value = labels[name];
      // TypeScript refuses this at compile time; JavaScript callers need the check.
      if (value === undefined || value === null) {
        throw new TypeError(`series table ${table}: a row needs a value for the label ${name}; it may be empty`);
      }
      const written = typeof value === 'number' ? formatNumber(value) : escapeLabelValue(String(value));
      text += `${text === '' ? '' : ','}${name}="${written}"`;
    }
    // A UTF-16 code unit takes at most three bytes in UTF-8.
    if (bytes.length < text.length * 3) bytes = new Uint8Array(text.length * 3);
    return bytes.subarray(0, encoder.encodeInto(text, bytes).written);
  };
}
