import { promisify } from 'node:util';
import {
  createGzip,
  createZstdCompress,
  type Gzip,
  gzip,
  type ZlibOptions,
  type ZstdCompress,
  type ZstdOptions,
  constants as zlib,
  zstdCompress,
} from 'node:zlib';
import { readAcceptHeader } from './accept-header.ts';

/** A way in which a page is compressed; all of them work in the thread pool. */
export interface ContentCoding {
  readonly name: 'gzip' | 'zstd';
  /** Compresses a page that is whole. */
  compress(page: Uint8Array): Promise<Uint8Array>;
  /** Makes a stream that compresses what is written to it. */
  createStream(): Gzip | ZstdCompress;
}

/** The coding of an answer, and whether it may go without one. */
export interface NegotiatedCoding {
  readonly coding: ContentCoding | undefined;
  readonly isIdentityRefused: boolean;
}

// Level 1 for both: a page of metrics shrinks to a tenth of its size by then, and each level more costs CPU that the
// service has better use for.
const gzipOptions: ZlibOptions = { level: 1, chunkSize: 65_536 };
const zstdOptions: ZstdOptions = { params: { [zlib.ZSTD_c_compressionLevel]: 1 }, chunkSize: 65_536 };

/** In the order in which they are preferred: zstd costs a quarter of the time of gzip. */
const codings: readonly ContentCoding[] = [
  {
    name: 'zstd',
    compress: (page) => promisify<Uint8Array, ZstdOptions, Uint8Array>(zstdCompress)(page, zstdOptions),
    createStream: () => createZstdCompress(zstdOptions),
  },
  {
    name: 'gzip',
    compress: (page) => promisify<Uint8Array, ZlibOptions, Uint8Array>(gzip)(page, gzipOptions),
    createStream: () => createGzip(gzipOptions),
  },
];

/**
 * Chooses the coding that a scraper likes best: the highest quality, of equals the cheapest one, and none when it names
 * none that is spoken.
 *
 * @param acceptEncoding value of the `Accept-Encoding` header
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
 */
export function negotiateCoding(acceptEncoding: string | undefined): NegotiatedCoding {
  const ranges = readAcceptHeader(acceptEncoding ?? '');
  const qualityOf = (name: string) => ranges.find(({ value }) => value === name)?.quality;
  const anything = qualityOf('*');
  const identity = qualityOf('identity') ?? (anything === 0 ? 0 : undefined);
  let best: { coding: ContentCoding | undefined; quality: number } = { coding: undefined, quality: 0 };
  for (const coding of codings) {
    // Who accepts anything means what everyone has.
    const quality = qualityOf(coding.name) ?? (coding.name === 'gzip' ? anything : undefined) ?? 0;
    if (quality > best.quality && quality >= (identity ?? 0)) best = { coding, quality };
  }
  return { coding: best.coding, isIdentityRefused: identity === 0 };
}
