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
import type { ExpositionFormat } from './formats.ts';

/** One choice of an `Accept` or `Accept-Encoding` header. */
interface AcceptedRange {
  /** In lower case, such as `text/plain` or `gzip`. */
  readonly value: string;
  /** In lower case, without quotation marks, `q` left out. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Quality value (`q`), 0 to 1; 0 means not acceptable. An invalid one counts as 0. */
  readonly quality: number;
}

/**
 * Reads a header that lists choices with quality values.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.4.2
 */
function readAcceptHeader(header: string): AcceptedRange[] {
  return header
    .split(',')
    .map(readRange)
    .filter(({ value }) => value !== '');
}

function readRange(range: string): AcceptedRange {
  const [value = '', ...rest] = range.split(';').map((part) => part.trim().toLowerCase());
  const parameters = new Map(rest.map(splitParameter));
  const given = parameters.get('q');
  parameters.delete('q');
  const quality = given === undefined ? 1 : Number(given || Number.NaN);
  return { value, parameters, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

function splitParameter(parameter: string): readonly [name: string, value: string] {
  const [name = '', value = ''] = parameter.split('=');
  return [name.trim(), value.trim().replaceAll('"', '')];
}

/** A format and the `Content-Type` of a page in it. */
export interface NegotiatedFormat {
  readonly format: ExpositionFormat;
  readonly contentType: string;
}

const plainText: NegotiatedFormat = { format: 'text', contentType: 'text/plain; version=0.0.4; charset=utf-8' };

/**
 * Chooses the format that a scraper prefers: the supported one of the highest quality, the first of equals, and text when
 * it asks for none of them. OpenMetrics is supported in version 1.0.0 and, for scrapers that ask for it, as its 0.0.1
 * draft, which looks the same.
 *
 * @param accept value of the `Accept` header
 * @see https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiateFormat(accept: string | undefined): NegotiatedFormat {
  const ranges = readAcceptHeader(accept ?? '');
  const namesText = ranges.some((range) => range.value === 'text/plain' && formatOf(range) !== undefined);
  let best: { chosen: NegotiatedFormat; quality: number } = { chosen: plainText, quality: 0 };
  for (const range of ranges) {
    // A range that names text takes precedence over a wildcard.
    if (namesText && range.value.endsWith('/*')) continue;
    const chosen = formatOf(range);
    if (chosen !== undefined && range.quality > best.quality) best = { chosen, quality: range.quality };
  }
  return best.chosen;
}

function formatOf({ value, parameters }: AcceptedRange): NegotiatedFormat | undefined {
  const version = parameters.get('version');
  if (value === 'application/openmetrics-text') return openMetricsOf(version, parameters.get('escaping'));
  if (value === 'text/plain') return version === undefined || version === '0.0.4' ? plainText : undefined;
  return value === 'text/*' || value === '*/*' ? plainText : undefined;
}

/**
 * Escaping schemes that our names satisfy unchanged, since they only have characters of the old set. `dots` is not among
 * them: it doubles underscores.
 *
 * @see https://prometheus.io/docs/instrumenting/escaping_schemes/
 */
const satisfiedEscapings = new Set(['allow-utf-8', 'underscores', 'values']);

function openMetricsOf(version = '1.0.0', escaping = ''): NegotiatedFormat | undefined {
  const contentType = `application/openmetrics-text; version=${version}; charset=utf-8`;
  // The draft has no escaping; from 1.0.0 on the answer must name one.
  if (version === '0.0.1') return { format: 'openmetrics', contentType };
  if (version !== '1.0.0') return undefined;
  const scheme = satisfiedEscapings.has(escaping) ? escaping : 'underscores';
  return { format: 'openmetrics', contentType: `${contentType}; escaping=${scheme}` };
}

/** A compression; all of them run in the thread pool. */
export interface ContentCoding {
  readonly name: 'gzip' | 'zstd';
  /** Compresses a whole page. */
  compress(page: Uint8Array): Promise<Uint8Array>;
  /** Makes a stream that compresses what is written to it. */
  createStream(): Gzip | ZstdCompress;
}

/** The coding of a response, and whether the client refuses one without a coding. */
export interface NegotiatedCoding {
  readonly coding: ContentCoding | undefined;
  readonly isIdentityRefused: boolean;
}

// Level 1 for both: it already shrinks a page of metrics to a tenth, and each higher level costs CPU time that the service
// needs more.
const gzipOptions: ZlibOptions = { level: 1, chunkSize: 65_536 };
const zstdOptions: ZstdOptions = { params: { [zlib.ZSTD_c_compressionLevel]: 1 }, chunkSize: 65_536 };

/** In order of preference: zstd takes a quarter of the time of gzip. */
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
 * Chooses the coding that a scraper prefers: the highest quality, the cheapest of equals, and none when it names no
 * supported one.
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
    // `*` stands for gzip, which every client has.
    const quality = qualityOf(coding.name) ?? (coding.name === 'gzip' ? anything : undefined) ?? 0;
    if (quality > best.quality && quality >= (identity ?? 0)) best = { coding, quality };
  }
  return { coding: best.coding, isIdentityRefused: identity === 0 };
}
