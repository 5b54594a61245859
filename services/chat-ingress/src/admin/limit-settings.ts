import { duration } from '@switchyard/kernel';

export const limitSettings = {
  limitsRefresh: duration('5s').describe(
    'How often limits that admins change are read, should the word of a change be lost',
  ),
};
