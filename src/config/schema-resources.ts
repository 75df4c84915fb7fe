import * as z from 'zod';
import { complain, osText, wholeNumber } from './schema-fields.ts';

const MiB = 1_048_576;
const PiB = MiB ** 2 * 1024;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: MiB, g: 1024 * MiB, t: MiB * MiB };
const SIZE = /^(\d{1,15}(?:\.\d{1,3})?)(?:([kmgt])(?:ib)?)?$/i;

/** Bytes, or a text such as 512MiB; the output is in bytes. */
const MemorySize = z
  .union([z.number(), z.string()])
  .transform((value, ctx) => {
    const [, digits, unit = ''] = SIZE.exec(String(value)) ?? [];
    const bytes = Math.round(Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
    if (Number.isSafeInteger(bytes) && bytes >= MiB && bytes <= PiB) return bytes;
    const what = Number.isNaN(bytes) ? 'this is not an amount of memory' : 'must be between 1MiB and 1024TiB';
    complain(ctx, what, { hint: 'write bytes, or a number with KiB, MiB, GiB or TiB, such as 512MiB' });
    return z.NEVER;
  })
  .describe(
    'Most memory that each process may have, in bytes or such as 512MiB; of all together in a cgroup.',
  );

const CgroupFolder = osText()
  .superRefine((path, ctx) => {
    if (!path.startsWith('/') || path.split('/').includes('..'))
      complain(ctx, 'must be an absolute path', { hint: 'such as /sys/fs/cgroup/mcp' });
  })
  .describe(
    'Folder of a cgroup (version 2) that is delegated to the gateway; each process of the server gets a group in it.',
  );

/** What a server's process, and all that it starts, may use up. */
export const ResourcesSchema = z
  .strictObject({
    memory: MemorySize.optional(),
    cpu: z.number().min(0.01).max(1024).optional().describe('Most processors, such as 0.5; needs a cgroup.'),
    processes: wholeNumber(1, 4_194_304)
      .optional()
      .describe('Most processes and threads; without a cgroup of all that the user of the gateway runs.'),
    cgroup: CgroupFolder.optional(),
  })
  .optional()
  .describe('Bounds on what each process of the server may use up, where the system can enforce them.');
