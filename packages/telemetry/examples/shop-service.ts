import { create, createFileRegistry } from '@bufbuild/protobuf';
import { type GenService, serviceDesc } from '@bufbuild/protobuf/codegenv2';
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_wrappers,
  type StringValueSchema,
} from '@bufbuild/protobuf/wkt';

/*
 * What protoc-gen-es would generate from this file, written out so that the example needs no generator:
 *
 *   syntax = "proto3";
 *   package shop.v1;
 *   import "google/protobuf/wrappers.proto";
 *   service ShopService {
 *     rpc PlaceOrder(google.protobuf.StringValue) returns (google.protobuf.StringValue);
 *   }
 */

const text = '.google.protobuf.StringValue';
const shopFile = create(FileDescriptorProtoSchema, {
  name: 'shop.proto',
  package: 'shop.v1',
  syntax: 'proto3',
  dependency: ['google/protobuf/wrappers.proto'],
  service: [{ name: 'ShopService', method: [{ name: 'PlaceOrder', inputType: text, outputType: text }] }],
});
const file = createFileRegistry(shopFile, () => file_google_protobuf_wrappers.proto).getFile(shopFile.name);
if (file === undefined) throw new Error(`the registry has no ${shopFile.name}`);

/** Places orders: the name of an article becomes the id of an order. */
export const ShopService: GenService<{
  placeOrder: { methodKind: 'unary'; input: typeof StringValueSchema; output: typeof StringValueSchema };
}> = serviceDesc(file, 0);
