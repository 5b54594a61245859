import type { Coding, SiteFile } from '@switchyard/web-store';

/** Of the forms that are there: the one that the client likes best, the smaller one where it likes both. */
export function chooseCoding(acceptEncoding: string | undefined, file: SiteFile): Coding | 'identity' {
  if (file.variants === undefined || acceptEncoding === undefined) return 'identity';
  const wanted = readWeights(acceptEncoding);
  const weight = (coding: string): number => wanted.get(coding) ?? wanted.get('*') ?? 0;
  const br = file.variants.br === undefined ? 0 : weight('br');
  const gzip = file.variants.gzip === undefined ? 0 : Math.max(weight('gzip'), wanted.get('x-gzip') ?? 0);
  // Uncompressed is always acceptable where nothing was said of it, but it is nobody's wish unless it has more weight.
  const identity = wanted.get('identity') ?? 0;
  if (br > 0 && br >= gzip && br >= identity) return 'br';
  return gzip > 0 && gzip >= identity ? 'gzip' : 'identity';
}

const KEPT = 100;
const known = new Map<string, ReadonlyMap<string, number>>();

/** Browsers say the same few things all the time. */
function readWeights(header: string): ReadonlyMap<string, number> {
  const found = known.get(header);
  if (found !== undefined) return found;
  const weights = new Map<string, number>();
  for (const item of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const weight = q === undefined ? 1 : Number(q);
    if (name !== '') weights.set(name, weight >= 0 && weight <= 1 ? weight : 0);
  }
  if (known.size < KEPT) known.set(header, weights);
  return weights;
}
