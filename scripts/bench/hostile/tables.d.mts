/** By name, what is made to be expensive: `make` writes it into a folder, `command` reads it from there. */
export const HOSTILE: Readonly<
  Record<
    string,
    {
      readonly sizes: readonly number[];
      make(folder: string, size: number): void;
      command(folder: string): readonly string[];
    }
  >
>;
