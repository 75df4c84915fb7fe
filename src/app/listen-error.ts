/** Why the gateway cannot listen, in one line that says what to do. */
export function describeListenError(cause: unknown, hostname: string, port: number): string {
  const code = (cause as NodeJS.ErrnoException).code;
  const where = `${hostname}:${port}`;
  if (code === 'EADDRINUSE')
    return `Cannot listen on ${where}: the port is in use. Stop the other program or set another port in the configuration.`;
  if (code === 'EACCES')
    return `Cannot listen on ${where}: permission denied. Ports below 1024 need privileges; choose a higher one.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `Cannot listen on ${where}: this machine has no such address. Set hostname to one of its own, or to 0.0.0.0.`;
  return `Cannot listen on ${where}: ${code ?? String(cause)}.`;
}
