export function docker(containers: number): string;
export function containerAddress(index: number): string;
export function publishedPort(index: number): number;
