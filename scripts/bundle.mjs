import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

const MEGABYTE = 1024 * 1024;
/** In megabytes: the Temporal SDK alone is 1.6, our workflows are 0.5. */
const MOST = 2.5;

/** Around every workflow. */
const guard = join(import.meta.dirname, '../src/workflows/guard.ts');

/**
 * The code of every workflow that `entry` exports, as one script; fails where it holds what workflows must not.
 * `options` are further ones of the bundler.
 */
export async function bundleWorkflows(entry, options = {}) {
  const quiet = () => {};
  const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: console.warn, error: console.error };
  const workflowInterceptorModules = [guard];
  const { code } = await bundleWorkflowCode({ workflowsPath: entry, workflowInterceptorModules, logger, ...options });
  const faults = bundleFaults(code);
  if (faults.length > 0) throw new Error(`the workflow bundle ${faults.join(', and ')}`);
  return code;
}

/**
 * zod costs four times the memory per cached workflow, and so does any other big library: workflows import it as a type
 * only.
 */
export function bundleFaults(code) {
  const faults = [];
  if (/node_modules\/zod\//.test(code)) faults.push('contains zod');
  if (code.length >= MOST * MEGABYTE) faults.push(`is ${(code.length / MEGABYTE).toFixed(2)} MB, of ${MOST} at most`);
  return faults;
}
