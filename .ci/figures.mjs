// The last line of a check: `N passed, N failed, N skipped`, from vitest's JSON report. A run that came to no report (types
// or formatting were wrong, it took too long) counts as one failure.
import { readFileSync } from 'node:fs';

function figures(path) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'));
    const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken.length,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

const { passed, failed, skipped } = figures(process.argv[2]);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
