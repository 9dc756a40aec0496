/** Says why a fault cannot be switched as it was asked for. Fastify answers it with its status and message. */
export class FaultRequestError extends Error {
  override readonly name = 'FaultRequestError';
  readonly statusCode: 400 | 404;

  constructor(statusCode: 400 | 404, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}
