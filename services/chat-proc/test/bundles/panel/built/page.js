import { connectWidget } from '@switchyard/bundle-sdk/widget';
import './page.css';

document.title = (await connectWidget()).context.bundle_id;
