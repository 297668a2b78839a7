/** Mermaid's own parser, without a browser. */
import { JSDOM } from 'jsdom';

let loading: Promise<typeof import('mermaid')['default']> | undefined;

/** It cleans labels with DOMPurify, which wants a document; others (ELK) look for a window to find out whether they run in a browser, and see none. */
export function loadMermaid() {
  loading ??= load();
  return loading;
}

async function load() {
  const { window } = new JSDOM();
  Object.assign(globalThis, { window, document: window.document });
  try {
    return (await import('mermaid')).default;
  } finally {
    for (const name of ['window', 'document']) Reflect.deleteProperty(globalThis, name);
  }
}
