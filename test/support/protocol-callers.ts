import {
  type DescMethodUnary,
  fromBinary,
  fromJson,
  type JsonObject,
  type Message,
  toBinary,
} from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';

/** How an RPC ended: with a message, or with the code and the message of an error. */
export type Outcome = { readonly answer: object } | { readonly code: string; readonly message: string };

/** A client of a service that tells how each call ended, whichever way it is sent. */
export interface ProtocolCaller<Method extends string> {
  /** @param request in the JSON form of its message */
  call(method: Method, request: JsonObject): Promise<Outcome>;
  close(): void;
}

/** The methods of a service by their names in TypeScript, such as `bootVm`. */
type Methods<Method extends string> = Readonly<Record<Method, DescMethodUnary>>;

/** Makes a client of the service at an address. */
type OpenCaller<Method extends string> = (url: string) => ProtocolCaller<Method>;

/** Every way in which clients of the real services call them. */
export function protocolsOf<Method extends string>(
  methods: Methods<Method>,
): Readonly<Record<string, OpenCaller<Method>>> {
  const callerOn = (transport: Transport) => callerOfConnect(methods, transport);
  return {
    'Connect in binary on HTTP/1.1': (baseUrl) => callerOn(createConnectTransport({ baseUrl, httpVersion: '1.1' })),
    'Connect in JSON on HTTP/1.1': (baseUrl) =>
      callerOn(createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false })),
    'Connect in binary on HTTP/2': (baseUrl) => callerOn(createConnectTransport({ baseUrl, httpVersion: '2' })),
    'gRPC-Web on HTTP/1.1': (baseUrl) => callerOn(createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })),
    'gRPC-Web in JSON on HTTP/2': (baseUrl) =>
      callerOn(createGrpcWebTransport({ baseUrl, httpVersion: '2', useBinaryFormat: false })),
    'gRPC of the Connect project': (baseUrl) => callerOn(createGrpcTransport({ baseUrl })),
    'gRPC of the gRPC project': (url) => callerOfGrpcJs(methods, url),
  };
}

function callerOfConnect<Method extends string>(
  methods: Methods<Method>,
  transport: Transport,
): ProtocolCaller<Method> {
  return {
    async call(name, request) {
      const method: DescMethodUnary = methods[name];
      try {
        const input = fromJson(method.input, request);
        const { message } = await transport.unary(method, undefined, undefined, undefined, input);
        return { answer: plain(message) };
      } catch (error) {
        const { code, rawMessage } = ConnectError.from(error);
        return { code: wordOf(Code[code]), message: rawMessage };
      }
    },
    close: () => undefined,
  };
}

/** grpc-js knows neither our messages nor Connect: it gets bytes to send, and gives back bytes. */
function callerOfGrpcJs<Method extends string>(methods: Methods<Method>, url: string): ProtocolCaller<Method> {
  const client = new Client(new URL(url).host, credentials.createInsecure());
  return {
    call(name, request) {
      const { input, output, parent, name: wireName }: DescMethodUnary = methods[name];
      const encode = (message: Message) => Buffer.from(toBinary(input, message));
      const decode = (bytes: Buffer): object => fromBinary(output, bytes);
      return new Promise((resolve) => {
        const onEnd = (error: ServiceError | null, message: object = {}) => {
          if (error === null) return resolve({ answer: plain(message) });
          // It leaves the escapes of characters that are reserved in URLs.
          resolve({ code: wordOf(Code[error.code]), message: decodeURIComponent(error.details) });
        };
        const path = `/${parent.typeName}/${wireName}`;
        client.makeUnaryRequest(path, encode, decode, fromJson(input, request), onEnd);
      });
    },
    close: () => client.close(),
  };
}

/** A message without what protobuf keeps beside its fields. */
function plain(message: object): object {
  return JSON.parse(JSON.stringify(message, (_key, value) => (typeof value === 'bigint' ? `${value}n` : value)));
}

function wordOf(name: string | undefined): string {
  return (name ?? 'none').replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
