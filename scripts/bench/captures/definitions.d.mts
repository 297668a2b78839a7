export const CAPTURES: Readonly<
  Record<
    string,
    {
      readonly title: string;
      readonly version: number;
      /** `scale`: 1 for the whole size. */
      readonly make: (folder: string, scale: number) => void;
    }
  >
>;
export function writeSmall(
  folder: string,
  options: {
    readonly packets: number;
    readonly flows: number;
    readonly rules?: number;
    readonly members?: number;
    readonly isCounted?: boolean;
    readonly seed?: number;
  },
): void;
