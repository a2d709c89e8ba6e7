import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

const MEGABYTE = 1024 * 1024;
/** In megabytes: the Temporal SDK alone is 1.6, our workflows are 0.5; OpenTelemetry, only where it is asked for, 1.5. */
const MOST = 2.5;
const MOST_TRACED = 4;

/** Around every workflow. */
const guard = join(import.meta.dirname, '../src/workflows/guard.ts');

const tracing = createRequire(import.meta.url).resolve(
  '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors',
);

/**
 * The code of every workflow that `entry` exports, as one script; fails where it holds what workflows must not.
 * @param options.traced with OpenTelemetry's spans around workflows and what they call; further ones are the bundler's
 */
export async function bundleWorkflows(entry, { traced = false, ...options } = {}) {
  const quiet = () => {};
  const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: console.warn, error: console.error };
  const workflowInterceptorModules = traced ? [tracing, guard] : [guard];
  const { code } = await bundleWorkflowCode({ workflowsPath: entry, workflowInterceptorModules, logger, ...options });
  const faults = bundleFaults(code, traced ? MOST_TRACED : MOST);
  if (faults.length > 0) throw new Error(`the workflow bundle ${faults.join(', and ')}`);
  return code;
}

/**
 * zod costs four times the memory per cached workflow, and so does any other big library: workflows import it as a type
 * only.
 */
export function bundleFaults(code, most = MOST) {
  const faults = [];
  if (/node_modules\/zod\//.test(code)) faults.push('contains zod');
  if (code.length >= most * MEGABYTE) faults.push(`is ${(code.length / MEGABYTE).toFixed(2)} MB, of ${most} at most`);
  return faults;
}
