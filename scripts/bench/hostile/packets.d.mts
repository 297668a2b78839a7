/** What has to stand in the ports for that hash of `record-index.ts`, seeded with 0. */
export function portsFor(low: number, high: number, kind: number, hash: number): number;
