import type { BundleOptions } from '@temporalio/worker';

export function bundleWorkflows(
  entry: string,
  options?: { traced?: boolean } & Pick<BundleOptions, 'failureConverterPath'>,
): Promise<string>;
export function bundleFaults(code: string, most?: number): string[];
