import { kinds, setting } from '@vmobs/telemetry';

/** What `lab-setup` can be told. */
export const setupSettings = {
  grafanaPasswordFile: setting({
    variables: ['VMOBS_GRAFANA_PASSWORD_FILE'],
    flag: 'grafana-password-file',
    kind: kinds.text,
    default: '/volumes/grafana-secrets/admin_password',
    help: "file with the password of Grafana's admin; drawn at random where there is none",
  }),
  showGrafanaPassword: setting({
    variables: [],
    flag: 'show-grafana-password',
    kind: kinds.boolean,
    default: false,
    help: 'write the password to standard output',
  }),
};
