/**
 * The fields of an Alertmanager notification that are kept.
 *
 * @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export interface Notification {
  readonly version: '4';
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly groupKey: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly alerts: readonly Alert[];
}

/** One alert of a notification. */
export interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly fingerprint: string;
}

const text = { type: 'string' } as const;
const labels = { type: 'object', additionalProperties: text } as const;
const status = { type: 'string', enum: ['firing', 'resolved'] } as const;

/** JSON schema of a notification. */
export const notificationSchema = {
  type: 'object',
  required: ['version', 'receiver', 'status', 'groupKey', 'groupLabels', 'alerts'],
  properties: {
    version: { const: '4' },
    receiver: text,
    status,
    groupKey: text,
    groupLabels: labels,
    alerts: {
      type: 'array',
      items: {
        type: 'object',
        required: ['status', 'labels', 'annotations', 'startsAt', 'endsAt', 'fingerprint'],
        properties: { status, labels, annotations: labels, startsAt: text, endsAt: text, fingerprint: text },
      },
    },
  },
} as const;
