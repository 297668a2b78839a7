export function ipset(members: number, name?: string): string;
