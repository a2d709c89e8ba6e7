import type { BundleOptions } from '@temporalio/worker';

export function bundleWorkflows(entry: string, options?: Pick<BundleOptions, 'failureConverterPath'>): Promise<string>;
export function bundleFaults(code: string): string[];
