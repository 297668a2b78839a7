export function ipset(members: number, isCounted?: boolean, name?: string): string;
