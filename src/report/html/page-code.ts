import { readFileSync } from 'node:fs';

/** The compiled page/main.ts (scripts/build/page.mjs makes it); bundles have it inside. */
export function pageCode(): string {
  return readFileSync(new URL('../../../dist/report-page.js', import.meta.url), 'utf8');
}
