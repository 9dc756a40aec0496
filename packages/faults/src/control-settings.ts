import { kinds, setting, settingGroup } from '@vmobs/telemetry';

/** The settings of a service that has faults. */
export const controlSettings = settingGroup('Faults', {
  simControl: setting({
    variables: ['SIM_CONTROL'],
    kind: kinds.boolean,
    default: false,
    help: 'serve /sim/ on the API port: /sim/faults switches faults on and off',
  }),
  simControlTokenFile: setting({
    variables: ['SIM_CONTROL_TOKEN_FILE'],
    kind: kinds.text,
    default: '',
    help: 'file with the token that /sim/ asks for as "Authorization: Bearer <token>"; without it, whoever reaches the port may',
  }),
});
