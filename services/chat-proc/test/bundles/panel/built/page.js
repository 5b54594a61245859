import { connectWidget } from '@switchyard/bundle-sdk/widget';

document.title = (await connectWidget()).context.bundle_id;
