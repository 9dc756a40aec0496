import { kinds, setting } from '@vmobs/settings';

/** Settings of `lab-setup`. */
export const setupSettings = {
  grafanaPasswordFile: setting({
    variables: ['VMOBS_GRAFANA_PASSWORD_FILE'],
    flag: 'grafana-password-file',
    kind: kinds.text,
    default: '/volumes/grafana-secrets/admin_password',
    help: "file with the password of Grafana's admin; drawn at random where there is none, and nothing is kept when this is empty",
  }),
  databaseSecrets: setting({
    variables: ['VMOBS_DATABASE_SECRETS'],
    flag: 'database-secrets',
    kind: kinds.path(),
    default: '',
    help: 'folder for the password of the database of the profile scale, drawn at random where there is none, and for its URL',
  }),
  billingTokenFile: setting({
    variables: ['VMOBS_BILLING_TOKEN_FILE'],
    flag: 'billing-token-file',
    kind: kinds.text,
    default: '',
    help: 'file with the token that metald sends to billaged; drawn at random where there is none',
  }),
  showGrafanaPassword: setting({
    variables: [],
    flag: 'show-grafana-password',
    kind: kinds.boolean,
    default: false,
    help: 'write the password to standard output',
  }),
};
