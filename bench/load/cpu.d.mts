export function cpuSecondsOf(pid: number): number;
export function residentKbOf(pid: number): number;
