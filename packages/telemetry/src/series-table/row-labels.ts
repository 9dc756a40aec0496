import { escapeLabelValue, formatNumber } from '../exposition/values.ts';

/** Labels of a row, with a value for each name. */
export type RowLabels<Label extends string> = Readonly<Record<Label, string | number>>;

/**
 * Makes a function that writes the labels of rows as the lines of a page have them, `vm_id="ud-1",customer_id="c-7"`, in
 * UTF-8. The bytes are valid until it is called again.
 *
 * It throws a TypeError for a label without a value.
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
      // The types have said so already, to those who write TypeScript.
      if (value === undefined || value === null) {
        throw new TypeError(
          `series table ${table}: a row needs a value for the label ${name}; give it, or an empty one`,
        );
      }
      const written = typeof value === 'number' ? formatNumber(value) : escapeLabelValue(String(value));
      text += `${text === '' ? '' : ','}${name}="${written}"`;
    }
    // No UTF-16 unit takes more than three bytes.
    if (bytes.length < text.length * 3) bytes = new Uint8Array(text.length * 3);
    return bytes.subarray(0, encoder.encodeInto(text, bytes).written);
  };
}
