import { WireFormatError } from './protobuf-wire.ts';

/** Reads a part of a body as text. @throws WireFormatError when it is not UTF-8 */
export function readText(body: Buffer, from: number, to: number): string {
  for (let at = from; at < to; at += 1) {
    if ((body[at] ?? 0) >= 0x80) return readUtf8(body, from, to);
  }
  return body.toString('latin1', from, to);
}

function readUtf8(body: Buffer, from: number, to: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body.subarray(from, to));
  } catch {
    throw new WireFormatError('a string is not UTF-8', from);
  }
}
