import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/** `12 passed, 0 failed`; an error outside of tests, or a file that can't be loaded, counts as one failure. */
export function summaryLine(modules: readonly TestModule[], errors: readonly SerializedError[]): string {
  const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
  for (const module of modules) {
    for (const test of module.children.allTests()) count[test.result().state]++;
    for (const suite of module.children.allSuites()) count.failed += suite.errors().length;
    count.failed += module.errors().length;
  }
  const skipped = count.skipped + count.pending;
  return `${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** Ends the output with the numbers alone on a line. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    process.stdout.write(`\n${summaryLine(modules, errors)}\n`);
  }
}
