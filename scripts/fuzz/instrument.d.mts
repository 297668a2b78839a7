export function instrumented(
  code: string,
  firstPoint: number,
): { readonly code: string; readonly points: number; readonly words: ReadonlySet<string> };
