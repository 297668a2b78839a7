/** The terminal's clipboard: the terminal has it, wherever this runs (xterm's control sequences, OSC 52). */

/** Within tmux and screen in their envelope, so that the terminal around them takes it. */
export function copySequence(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const sequence = `\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`;
  // tmux takes the sequence itself where set-clipboard is on, and passes it on.
  if ((env.TMUX ?? '') !== '') return sequence;
  if (/^screen/.test(env.TERM ?? '')) return `\x1bP${sequence}\x1b\\`;
  return sequence;
}
