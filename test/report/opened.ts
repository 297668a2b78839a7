import { JSDOM, VirtualConsole } from 'jsdom';

/** The page with its script run; whatever it throws fails the test. */
export function opened(page: string): Document {
  const virtualConsole = new VirtualConsole();
  virtualConsole.on('jsdomError', (error) => {
    throw error;
  });
  return new JSDOM(page, { runScripts: 'dangerously', virtualConsole }).window.document;
}

export const textsOf = (nodes: Iterable<Element>) => [...nodes].map((node) => node.textContent?.trim() ?? '');
