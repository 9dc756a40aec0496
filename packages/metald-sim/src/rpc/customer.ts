import { context, propagation } from '@opentelemetry/api';

/** Who is billed when a request does not say. */
export const defaultCustomer = 'default-customer';

/** The tokens that the real metald takes while it is developed; nothing in them is secret. */
const developmentToken = /^Bearer dev_customer_(\S+)$/i;

/**
 * The customer that a request names: the member `tenant_id` of its baggage, which is how the clients of the real metald
 * say it, else `Authorization: Bearer dev_customer_<id>`, as its next version asks for. Neither is checked.
 */
export function customerOfRequest(header: Headers): string | undefined {
  const tenant = propagation.getBaggage(context.active())?.getEntry('tenant_id')?.value;
  return tenant || developmentToken.exec(header.get('authorization') ?? '')?.[1];
}
