export function writePoints(
  folder: string,
  options: {
    readonly packets: number;
    readonly flows: number;
    readonly points: 1 | 2 | 3 | 4;
    readonly ruleset?: (masquerade: string) => string;
    readonly seed?: number;
  },
): void;
