export const queryKeys = {
  profile: ['profile'],
  config: ['config'],
  bundles: ['bundles'],
  list: ['conversations'],
} as const;
