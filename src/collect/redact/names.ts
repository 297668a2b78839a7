/**
 * Stand-ins for names: of hosts, containers, networks, domains. A name is taken apart into runs of letters and digits, and each run that was
 * learned is replaced wherever it stands by itself: in texts, folder names, and packets. The stand-in is as long, so that columns and
 * packets keep their shape. Words that the dumps are written in stay, also where somebody called a container so.
 */
import { KEPT_WORDS } from './kept-words.ts';

const RUN = /[A-Za-z0-9]+/g;
const SHORTEST = 3;

export class Names {
  private readonly hash: (text: string) => bigint;
  private readonly learned = new Set<string>();
  private readonly standIns = new Map<string, string>();
  private readonly given = new Set<string>();

  constructor(hash: (text: string) => bigint) {
    this.hash = hash;
  }

  learn(name: string): void {
    for (const [run] of name.matchAll(RUN)) if (isTelling(run)) this.learned.add(run.toLowerCase());
  }

  /** Learned words in a text. */
  in(text: string): string {
    return text.replace(RUN, (run) => this.run(run));
  }

  /** A label of a domain name as it stands in a packet: whatever it is, nothing of it stays but kept words. */
  label(label: string): string {
    this.learn(label);
    return this.in(label);
  }

  private run(run: string): string {
    const lower = run.toLowerCase();
    if (!this.learned.has(lower)) return run;
    let standIn = this.standIns.get(lower);
    if (standIn === undefined) {
      standIn = this.make(lower);
      this.standIns.set(lower, standIn);
    }
    return sameCase(run, standIn);
  }

  /** Syllables of that length: no other name's, no name itself, no word of the dumps. */
  private make(run: string): string {
    for (let attempt = 0; ; attempt++) {
      let number = this.hash(`name ${attempt} ${run}`);
      let text = '';
      for (let at = 0; at < run.length; at++) {
        if (at % 8 === 7) number = this.hash(`name ${attempt} ${at} ${run}`);
        const letters = at % 2 === 0 ? 'bdfgjklmnprstvz' : 'aeiou';
        text += letters[Number(number % BigInt(letters.length))];
        number /= BigInt(letters.length);
      }
      const taken = this.given.has(text) || this.learned.has(text) || KEPT_WORDS.has(text);
      if (taken && attempt < 1000) continue;
      this.given.add(text);
      return text;
    }
  }
}

/** Too short to tell anything, a number, a word of the dumps, or an id that an engine made up. */
function isTelling(run: string): boolean {
  const lower = run.toLowerCase();
  return (
    run.length >= SHORTEST && !/^\d+$/.test(run) && !/^[0-9a-f]{12,64}$/.test(lower) && !KEPT_WORDS.has(lower)
  );
}

function sameCase(run: string, standIn: string): string {
  let text = '';
  for (let at = 0; at < standIn.length; at++) {
    const char = standIn[at] ?? '';
    text += /[A-Z]/.test(run[at] ?? '') ? char.toUpperCase() : char;
  }
  return text;
}
