/** Chains that jump twice to the next one. */
export function doubledJumps(depth: number): string;
/** One chain behind the other. */
export function longJumps(depth: number): string;
export function doubledJumpsNft(depth: number): string;
