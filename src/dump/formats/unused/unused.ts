import type { JsonObject } from '../../json.ts';

/** An output that is recognised to say why nothing is taken from it. */
export interface Unused {
  readonly id: string;
  readonly command: string;
  /** Stands behind the command's name: what it says instead of what the kernel holds, and what to give in its place. */
  readonly why: string;
  /** One line with this pattern tells it; of JSON, an object. */
  readonly tells?: RegExp | ((record: JsonObject) => boolean);
  /** The commands that print it, without what stands in front of them; then the text need not tell. */
  readonly commands?: RegExp;
}
