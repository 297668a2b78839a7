import type { JoinTask } from './join.ts';

/** What a thread is asked for when it has read its share of the captures; `end`: nothing more. */
export type Request = { readonly join: JoinTask } | 'end';

/** That all captures were taken when it looked for one more; `UNITED_WORDS` for each two conversations that it united, in that order. */
export type Answer = 'read' | { readonly united: Uint32Array<ArrayBuffer> };

/** Of two that were united: the one, and the other << 1 | crossed. */
export const UNITED_WORDS = 2;
