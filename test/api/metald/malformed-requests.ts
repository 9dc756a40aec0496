import { VmService } from '@vmobs/wire/vmprovisioner';
import fc from 'fast-check';

/** A request that an HTTP client can send, on HTTP/1.1 or HTTP/2, whatever is in it. */
export interface MalformedRequest {
  readonly kind: 'http/1.1' | 'http/2';
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What only a bare connection can send. */
export interface MalformedBytes {
  readonly kind: 'bytes';
  readonly bytes: Uint8Array;
}

const bytes = fc.uint8Array({ maxLength: 200 });
const text = (value: string) => Buffer.from(value);

/** JSON that is cut off, or that is whole and has values where the messages have others. */
const json = fc.oneof(
  fc.json({ maxDepth: 4 }).map(text),
  fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(100)).map(([whole, at]) => text(`{"config":${whole}`.slice(0, at))),
  fc
    .record({
      vm_id: fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.string(), { maxLength: 2 })),
      config: fc.oneof(fc.object({ maxDepth: 2 }), fc.string(), fc.constant({ cpu: { vcpu_count: 'many' } })),
      page_size: fc.oneof(fc.double(), fc.maxSafeInteger(), fc.string()),
      state_filter: fc.oneof(fc.array(fc.oneof(fc.string(), fc.integer())), fc.string()),
      page_token: fc.string({ unit: 'binary' }),
    })
    .map((message) => text(JSON.stringify(message))),
  fc.nat(60).map((depth) => text('{"config":'.repeat(depth * 20))),
);

/** An envelope of gRPC whose flags and length are not those of what is in it. */
const envelope = fc
  .record({ flags: fc.nat(255), length: fc.oneof(fc.nat(300), fc.nat(2 ** 32 - 1)), message: bytes })
  .map(({ flags, length, message }) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(flags);
    head.writeUInt32BE(length, 1);
    return Buffer.concat([head, message]);
  });

/** Some of a whole megabyte and more. */
const tooLarge = fc.constantFrom(1_048_576, 1_200_000).map((length) => Buffer.alloc(length, 'x'));

const body = fc.oneof(
  { weight: 30, arbitrary: bytes },
  { weight: 40, arbitrary: json },
  { weight: 30, arbitrary: envelope },
  { weight: 1, arbitrary: tooLarge },
);

const methodNames = VmService.methods.map(({ name }) => name);
const path = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...methodNames).map((name) => `/${VmService.typeName}/${name}`) },
  { weight: 1, arbitrary: fc.webPath().map((made) => `/${VmService.typeName}${made}`) },
  { weight: 1, arbitrary: fc.webPath().map((made) => `/${made}`) },
  { weight: 1, arbitrary: fc.constantFrom('/%', '/%ff%', '/..//../', '/%00', `/${'a'.repeat(5_000)}`, '/?=&%') },
);

const contentType = fc.oneof(
  fc.constantFrom(
    'application/json',
    'application/proto',
    'application/connect+proto',
    'application/grpc-web+proto',
    'application/grpc-web+json',
    'application/grpc',
    'application/grpc+proto',
  ),
  fc.constantFrom('text/plain', 'application/xml', 'application/json; charset=latin1', '/', 'x', 'multipart/form-data'),
);

/** A header value that HTTP clients let through. */
const value = fc.string({ unit: fc.constantFrom(...'abcXYZ019 !%&*+,-./:;=?_~"()<>@[]{}'), maxLength: 60 });
const someHeaders = fc.record(
  {
    'content-encoding': fc.constantFrom('gzip', 'br', 'zstd', 'identity', 'x'),
    'grpc-encoding': fc.constantFrom('gzip', 'br', 'x'),
    'grpc-timeout': fc.constantFrom('999999999H', '-1S', 'S', '1', '1.5S'),
    'connect-timeout-ms': fc.constantFrom('-1', 'soon', '1e3', '99999999999'),
    'connect-protocol-version': value,
    traceparent: value,
    baggage: value,
    authorization: value,
    accept: value,
    expect: fc.constantFrom('100-continue', '100-continue', '100-continue', 'the unexpected'),
  },
  { requiredKeys: [] },
);

const method = fc.oneof(
  { weight: 12, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constantFrom('GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND') },
);

function request<Kind extends MalformedRequest['kind']>(kind: Kind) {
  return fc
    .record({ method, path, contentType, someHeaders, body })
    .map(({ contentType: type, someHeaders: others, ...rest }) => ({
      kind,
      ...rest,
      headers: { 'content-type': type, ...others },
    }));
}

/** The first line and the headers of a request, not always those of one. */
const http1Bytes = fc
  .tuple(
    fc.constantFrom('POST', 'GET', 'PRI', 'P', '\0', 'post', 'POST POST'),
    fc.oneof(fc.constantFrom('/', '*', 'http://x/', '', '/vmprovisioner.v1.VmService/BootVm'), fc.string()),
    fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9', 'HTTP', ''),
    fc.array(
      fc.oneof(
        fc.constantFrom(
          'host: x',
          'host: a b',
          'host: x\r\nhost: y',
          'content-length: 5',
          'content-length: -5',
          'content-length: 5\r\ntransfer-encoding: chunked',
          'transfer-encoding: chunked',
          'content-type: application/json',
          'upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABkAAQAAP__',
          `x: ${'y'.repeat(20_000)}`,
          ': nameless',
        ),
        fc.string(),
      ),
      { maxLength: 6 },
    ),
    bytes,
  )
  .map(([verb, target, version, headers, rest]) =>
    Buffer.concat([text(`${[`${verb} ${target} ${version}`, ...headers].join('\r\n')}\r\n\r\n`), rest]),
  );

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** A frame of HTTP/2 with anything in it. @see https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
const frame = fc
  .record({
    length: fc.option(fc.nat(2 ** 24 - 1), { freq: 6 }),
    type: fc.oneof(fc.nat(10), fc.nat(255)),
    flags: fc.nat(255),
    stream: fc.oneof(fc.nat(9), fc.nat(2 ** 31 - 1)),
    payload: bytes,
  })
  .map(({ length, type, flags, stream, payload }) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(length ?? payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, payload]);
  });

/** An HTTP/2 connection that begins as one, mostly with the empty settings that must come first. */
const http2Bytes = fc
  .tuple(fc.constantFrom(preface, preface.slice(0, 10)), fc.boolean(), fc.array(frame, { maxLength: 6 }))
  .map(([start, hasSettings, frames]) =>
    Buffer.concat([text(start), Buffer.from(hasSettings ? [0, 0, 0, 4, 0, 0, 0, 0, 0] : []), ...frames]),
  );

/** So many malformed requests, the same ones for the same seed. */
export function malformedRequests(count: number, seed: number): readonly (MalformedRequest | MalformedBytes)[] {
  const arbitrary = fc.oneof(
    { weight: 5, arbitrary: request('http/1.1') },
    { weight: 3, arbitrary: request('http/2') },
    {
      weight: 2,
      arbitrary: fc
        .oneof(http1Bytes, http2Bytes, bytes)
        .map((sent): MalformedBytes => ({ kind: 'bytes', bytes: sent })),
    },
  );
  return fc.sample<MalformedRequest | MalformedBytes>(arbitrary, { numRuns: count, seed });
}
