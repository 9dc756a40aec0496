/** The licence of an image. */
export interface ImageLicence {
  /** SPDX expression of the program that the image is for. */
  readonly licence: string;
  /** Its consequences; required unless the licence is permissive. */
  readonly note?: string;
}

const affero =
  'Used unmodified, over the network, and not distributed. Anyone who changes it and lets others use it over a network must give them its source.';
const elastic =
  'The image is under the Elastic License 2.0 whatever its source: it must not be offered to others as a managed service. Since 8.16 the free part of the source may be taken under AGPL-3.0 or SSPL-1.0 instead.';

/**
 * Licences of images by name. The repository names these images, but neither contains nor distributes them. An image also
 * contains a base system, whose packages have their own licences.
 */
export const imageLicences: ReadonlyMap<string, ImageLicence> = new Map([
  ['docker.elastic.co/elasticsearch/elasticsearch', { licence: 'Elastic-2.0', note: elastic }],
  ['docker.elastic.co/kibana/kibana', { licence: 'Elastic-2.0', note: elastic }],
  ['fluent/fluentd-kubernetes-daemonset', { licence: 'Apache-2.0' }],
  [
    'grafana/grafana',
    {
      licence: 'AGPL-3.0-only',
      note: `${affero} The data source of VictoriaLogs, which it fetches at its first start, is a plugin under Apache-2.0.`,
    },
  ],
  ['grafana/loki', { licence: 'AGPL-3.0-only', note: affero }],
  [
    'haproxy',
    {
      licence: 'GPL-2.0-or-later',
      note: 'A separate process, used unmodified: the licence does not extend to what it proxies. Anyone who distributes the image must offer its source.',
    },
  ],
  ['jaegertracing/jaeger', { licence: 'Apache-2.0' }],
  [
    'node',
    {
      licence: 'MIT',
      note: 'The base of the image of the services, which each user builds. Below Node it contains Debian, with programs under the GPL and LGPL. Anyone who distributes the image must offer their source, as Debian does.',
    },
  ],
  ['opensearchproject/opensearch', { licence: 'Apache-2.0' }],
  ['opensearchproject/opensearch-dashboards', { licence: 'Apache-2.0' }],
  ['otel/opentelemetry-collector-contrib', { licence: 'Apache-2.0' }],
  ['postgres', { licence: 'PostgreSQL' }],
  ['prom/alertmanager', { licence: 'Apache-2.0' }],
  ['prom/node-exporter', { licence: 'Apache-2.0' }],
  ['prom/prometheus', { licence: 'Apache-2.0' }],
  ['victoriametrics/victoria-logs', { licence: 'Apache-2.0' }],
]);
