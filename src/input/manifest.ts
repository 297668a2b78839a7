import type { Issue } from '../base/issue.ts';
import type { Manifest } from './input.ts';
import { validateManifest } from './manifest-validator.ts';

/** Reads manifest.json; one that does not fit its schema is not used, and the issues name each JSON path at fault. */
export function readManifest(path: string, text: string): { manifest?: Manifest; issues: Issue[] } {
  const warn = (reason: string): Issue => ({
    severity: 'warning',
    code: 'manifest-invalid',
    text: reason,
    path,
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { issues: [warn(`not JSON (${(error as Error).message}); the bundle is read without it`)] };
  }
  if (validateManifest(json)) return { manifest: json, issues: [] };
  const errors = (validateManifest.errors ?? []).slice(0, 10);
  return {
    issues: errors.map((error) =>
      warn(
        `${error.instancePath === '' ? 'the document' : error.instancePath} ${error.message ?? 'is wrong'}${detail(error)}; the bundle is read without it`,
      ),
    ),
  };
}

function detail(error: { keyword: string; params: Record<string, unknown> }): string {
  return error.keyword === 'const' ? ` ${JSON.stringify(error.params.allowedValue)}` : '';
}
