import type { FastifyInstance } from 'fastify';

/** What a server that is measured tells who measures it. */
export type ServerMessage = { readonly url: string } | { readonly cpu: NodeJS.CpuUsage };

/** Serves `GET /hello/:id` on a free port, tells where, and how much CPU the process has used whenever it is asked. */
export async function serve(app: FastifyInstance): Promise<void> {
  app.get<{ Params: { id: string } }>('/hello/:id', async (request) => ({ hello: request.params.id }));
  const tell = (message: ServerMessage) => process.send?.(message);
  process.on('message', () => tell({ cpu: process.cpuUsage() }));
  process.on('disconnect', () => process.exit(0));
  tell({ url: await app.listen({ host: '127.0.0.1', port: 0 }) });
}
