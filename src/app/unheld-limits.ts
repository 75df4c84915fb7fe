import type { Config } from '../config/schema.ts';
import { findLimitTools } from '../instance/limit-tools.ts';
import { planResources } from '../instance/resources.ts';

/** Limits that the configuration asks for and nothing on this system can hold, for whoever checks or serves it. */
export function unheldLimits({ servers }: Config): string[] {
  return [...servers].flatMap(([name, { resources }]) => {
    if (resources === undefined) return [];
    return planResources(resources, findLimitTools(resources)).absent.map(
      ({ key, why }) => `servers.${name}.resources.${key} is not held on this system: ${why}`,
    );
  });
}
