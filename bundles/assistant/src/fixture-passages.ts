import type { Passage } from './passage.ts';

/** A small documentation, as a search over it would return it. Shared by this folder's tests. */
export const FIXTURE_PASSAGES: Passage[] = [
  {
    title: 'The queue',
    path: 'explanation/queue.md',
    heading: 'Lanes',
    anchor: 'lanes',
    score: 0.8,
    text: 'Every user type has one lane. A lane is the ready queue of one user type, first in, first out. No lane starves another.\n\nSee [leases](leases.md) for what follows.',
  },
  {
    title: 'The queue',
    path: 'explanation/queue.md',
    heading: 'Dead workers',
    anchor: 'dead-workers',
    score: 0.7,
    text: 'When a worker dies, its leases run out after five seconds. The reaper then takes its turns back. A turn that had started is interrupted, and its user is told so.',
  },
  {
    title: 'Install',
    path: 'tutorials/install.md',
    heading: 'Start the stack',
    anchor: 'start-the-stack',
    score: 0.6,
    text: 'Start everything with one command:\n\n```sh\n./dev up\n\n# in the background\n./dev up --detach\n```\n\nIt prints the address when the stack is ready.',
  },
  {
    title: 'Write a bundle',
    path: 'tutorials/bundle.md',
    heading: 'Restart behaviour',
    anchor: 'restart-behaviour',
    score: 0.3,
    text: 'A bundle is a folder with one entry file. Workers pick up a new version without a restart.',
  },
];
