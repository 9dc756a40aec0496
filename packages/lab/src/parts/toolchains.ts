/** The build tools of the parts, for tools and tests. */
export { compareJars } from './build-from-maven.ts';
export { runGo } from './go.ts';
export { requireJava, runMaven } from './maven.ts';
export { MissingToolError, ToolError, type ToolOptions } from './run-tool.ts';
