/** A line in an export of OTLP. */
export interface OtlpLine {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/*
 * ExportLogsServiceRequest by hand, as the collector sends it, for lines that no collector would be given. The numbers are those
 * of the fields in opentelemetry/proto/logs/v1/logs.proto and common/v1/common.proto; all of them are texts or messages here, so
 * that each is its number, its length and its bytes.
 */

/** Writes lines of one service as protobuf; they have no time, which is when they are taken then. */
export function writeOtlpLogRequest(service: string, lines: readonly OtlpLine[]): Uint8Array<ArrayBuffer> {
  const resource = field(1, writeAttribute(1, 'service.name', service));
  const scopeLogs = field(2, Buffer.concat(lines.map((line) => field(2, writeLine(line)))));
  return new Uint8Array(field(1, Buffer.concat([resource, scopeLogs])));
}

function writeLine({ body, attributes }: OtlpLine): Buffer {
  const written = Object.entries(attributes).map(([name, value]) => writeAttribute(6, name, value));
  return Buffer.concat([field(5, writeText(body)), ...written]);
}

function writeAttribute(number: number, name: string, value: string): Buffer {
  return field(number, Buffer.concat([field(1, Buffer.from(name)), field(2, writeText(value))]));
}

/** An AnyValue. */
function writeText(text: string): Buffer {
  return field(1, Buffer.from(text));
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([number * 8 + 2, ...writeVarint(content.length)]), content]);
}

/** Seven bits to a byte, the lowest first; all but the last have the highest bit. */
function writeVarint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...writeVarint(Math.floor(value / 128))];
}
