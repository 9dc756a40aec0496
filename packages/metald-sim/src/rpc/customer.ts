import { context, propagation } from '@opentelemetry/api';

/** Who is billed when a request does not say. */
export const defaultCustomer = 'default-customer';

/** The customer that a request names: the member `tenant_id` of its baggage, which is how the real clients say it. */
export function customerOfRequest(): string | undefined {
  return propagation.getBaggage(context.active())?.getEntry('tenant_id')?.value;
}
