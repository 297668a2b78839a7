import type { Issue } from '../base/issue.ts';
import type { Analysis } from './analysis.ts';
import { validateAnalysis } from './analysis-validator.ts';

/** What `analyze --format json` wrote, read again; an issue where it isn't that. `path`: for the message. */
export function readAnalysis(text: string, path: string): Analysis | Issue {
  const issue = (what: string): Issue => ({
    severity: 'error',
    code: 'analysis-unusable',
    path,
    text: `${what}; expected is what nettrace analyze --format json prints`,
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return issue(`this is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (validateAnalysis(json)) return json;
  const [error] = validateAnalysis.errors ?? [];
  return issue(
    `this is no analysis: ${error?.instancePath === '' ? 'it' : error?.instancePath} ${error?.message}`,
  );
}
