export { connectClientInterceptor } from './client.ts';
export { connectServerInterceptor } from './server.ts';
