import { bytes, duration } from '@switchyard/kernel';

/** How widgets with `build: 'vite'` are built when a version is registered. */
export const widgetSettings = {
  widgetBuildTimeout: duration('60s').describe('How long the build of one widget may take.'),
  widgetBuildMemory: bytes('512MiB').describe('JavaScript memory of the build of one widget.'),
  widgetBuildOutput: bytes('25MiB').describe('What the build of one widget may make.'),
};
