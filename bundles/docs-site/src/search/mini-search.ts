// The one file that is packed: where a bundle runs there are no packages.
export { default as MiniSearch } from 'minisearch';
