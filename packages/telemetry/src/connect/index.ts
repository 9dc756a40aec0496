export { connectClientInterceptor } from './client.ts';
export { connectDeadlineInterceptor, type DeadlineOptions } from './deadline.ts';
export { connectErrorAnswers } from './error-answers.ts';
export { watchRefusals } from './refusals.ts';
export { connectServerInterceptor } from './server.ts';
