export function firewall(rules: number): string;
