export function bundleWorkflows(entry: string, options?: { traced?: boolean }): Promise<string>;
export function bundleFaults(code: string, most?: number): string[];
