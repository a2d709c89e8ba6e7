export function bundleWorkflows(entry: string): Promise<string>;
export function bundleFaults(code: string): string[];
