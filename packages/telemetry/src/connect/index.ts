export { connectClientInterceptor } from './client.ts';
export { connectDeadlineInterceptor, type DeadlineOptions } from './deadline.ts';
export { connectServerInterceptor, watchRefusals } from './server.ts';
