export function docker(containers: number, bridge?: string, network?: string): string;
export function containerAddress(index: number, network?: string): string;
export function publishedPort(index: number): number;
