/** The command line with counters in its sources: tells how many steps it took. */
export function stepCounter(): Promise<(...words: string[]) => Promise<number>>;
