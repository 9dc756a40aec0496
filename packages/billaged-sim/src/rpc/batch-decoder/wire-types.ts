import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/**
 * Checks what the generated decoder does not check: that each known field has the wire type of its declaration, and that
 * no field reaches over the end of its message. The generated decoder would read such bytes as other values, and a
 * wrong counter is a wrong bill.
 *
 * Knows the kinds of fields that a batch has: messages, strings and varints.
 *
 * @param path of the message in the batch, with a dot at its end; empty for the batch itself
 * @throws Error that names the field, or says that the bytes are no protobuf message
 */
export function checkWireTypes({ fields }: DescMessage, bytes: Uint8Array, path = ''): void {
  const reader = new BinaryReader(bytes);
  let elements = 0;
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = fields.find((known) => known.number === number);
    if (field === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    const index = field.fieldKind === 'list' ? `[${elements++}]` : '';
    const name = `${path}${field.name}${index}`;
    const expected = wireTypeOf(field);
    if (wireType !== expected) throw new Error(`${name} has wire type ${wireType}, not ${expected}`);
    if (field.message === undefined) reader.skip(wireType, number);
    else checkWireTypes(field.message, reader.bytes(), `${name}.`);
  }
}

function wireTypeOf({ message, scalar }: DescField): WireType {
  return message !== undefined || scalar === ScalarType.STRING ? WireType.LengthDelimited : WireType.Varint;
}
