export function firewall(rules: number, banned?: boolean): string;
