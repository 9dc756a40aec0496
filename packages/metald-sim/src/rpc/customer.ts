import { context, propagation } from '@opentelemetry/api';

/** The customer that is billed if no request names one. */
export const defaultCustomer = 'default-customer';

/** The development tokens that the real metald accepts; they contain no secret. */
const developmentToken = /^Bearer dev_customer_(\S+)$/i;

/**
 * The customer that a request names: the member `tenant_id` of its baggage, as the clients of the real metald send it,
 * else `Authorization: Bearer dev_customer_<id>`, as its next version requires. Neither is verified.
 */
export function customerOfRequest(header: Headers): string | undefined {
  const tenant = propagation.getBaggage(context.active())?.getEntry('tenant_id')?.value;
  return tenant || developmentToken.exec(header.get('authorization') ?? '')?.[1];
}
