import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describeConfig } from '@switchyard/kernel';
import type { SettingRow } from '@switchyard/kernel';
import { serviceEnvFile } from './service-catalog.ts';
import type { ServiceName } from './service-catalog.ts';

type Schema = Parameters<typeof describeConfig>[0];

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && 'shape' in value && 'safeParse' in value;

/** The settings of a service, read from the schema that it itself checks its environment with. */
export const readServiceSettings = async (name: ServiceName, root: string): Promise<SettingRow[]> => {
  const file = serviceEnvFile(name, root);
  if (!existsSync(file)) return [];
  const exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  return Object.values(exported).filter(isSchema).flatMap(describeConfig);
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Of an environment, what the service has a setting for. Nothing else of a shell gets into a service. */
export const pickServiceEnv = async (
  name: ServiceName,
  root: string,
  env: Environment,
): Promise<Record<string, string>> => {
  const rows = await readServiceSettings(name, root);
  return Object.fromEntries(
    rows.flatMap((row) => {
      const value = env[row.name];
      return value === undefined || value === '' ? [] : [[row.name, value]];
    }),
  );
};
