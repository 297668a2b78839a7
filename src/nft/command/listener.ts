import type { Complain } from '../text/table.ts';

/** Hears what a reader complains of: a command with anything that isn't understood is not applied. */
export function listener(): { readonly complain: Complain; first(): string | undefined } {
  let heard: string | undefined;
  return {
    complain: (_, found, expected) => {
      heard ??= `\`${found.slice(0, 80)}\`: ${/ where /.test(expected) ? '' : 'expected '}${expected}`;
    },
    first: () => heard,
  };
}
