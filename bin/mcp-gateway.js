#!/usr/bin/env node
import { existsSync } from 'node:fs';

const built = new URL('../dist/', import.meta.url);
if (existsSync(new URL('main.js', built))) {
  const { holdYoungGeneration } = await import(new URL('util/v8-heap.js', built).href);
  holdYoungGeneration();
  const { main } = await import(new URL('main.js', built).href);
  await main(process.argv.slice(2));
} else {
  process.stderr.write('mcp-gateway is not built yet: run `npm run build` in its folder first.\n');
  process.exitCode = 1;
}
