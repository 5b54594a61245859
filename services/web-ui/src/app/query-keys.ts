export const queryKeys = {
  profile: ['profile'],
  config: ['config'],
  bundles: ['bundles'],
  widgets: ['widgets'],
  list: ['conversations'],
} as const;
