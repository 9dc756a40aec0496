import { Code, ConnectError } from '@connectrpc/connect';
import { context, propagation } from '@opentelemetry/api';
import { problemOfId } from '@vmobs/wire/billable';

/** The customer that is billed if no request names one. */
export const defaultCustomer = 'default-customer';

/** The development tokens that the real metald accepts; they contain no secret. */
const developmentToken = /^Bearer dev_customer_(\S+)$/i;

/** A `tenant_id` with a value in a header of W3C Baggage. */
const tenantInBaggage = /(?:^|,)\s*tenant_id\s*=\s*[^\s,;]/;

/**
 * The customer that a request names: the member `tenant_id` of its baggage, as the clients of the real metald send it,
 * else `Authorization: Bearer dev_customer_<id>`, as its next version requires. Neither is verified.
 *
 * @throws ConnectError `invalid_argument` for a customer that cannot be billed: the usage of the VM would be lost
 */
export function customerOfRequest(header: Headers): string | undefined {
  const tenant = propagation.getBaggage(context.active())?.getEntry('tenant_id')?.value;
  // Baggage that is too long or wrongly escaped is dropped, and another customer would be billed.
  if (!tenant && tenantInBaggage.test(header.get('baggage') ?? '')) {
    throw new ConnectError('tenant_id in the baggage is too long or wrongly escaped', Code.InvalidArgument);
  }
  const customerId = tenant || developmentToken.exec(header.get('authorization') ?? '')?.[1];
  const problem = customerId === undefined ? undefined : problemOfId('tenant_id', customerId);
  if (problem !== undefined) throw new ConnectError(problem, Code.InvalidArgument);
  return customerId;
}
