export { connectErrorAnswers } from './error-answers.ts';
