/** Writes schema/config.schema.json; with --check only tells whether it is up to date (exit code 1 if not). */
import { readFileSync, writeFileSync } from 'node:fs';
import { configJsonSchema } from '../src/config/json-schema.ts';

const target = new URL('../schema/config.schema.json', import.meta.url);
const text = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;

if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readOrEmpty() !== text) {
  process.stderr.write(
    'schema/config.schema.json differs from src/config/schema.ts; run scripts/write-schema.ts\n',
  );
  process.exitCode = 1;
}

function readOrEmpty(): string {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return '';
  }
}
