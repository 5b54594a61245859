export { createCapabilities } from './create-capabilities.ts';
export type { Capabilities, CapabilityCall } from './create-capabilities.ts';
export type { Capability, CapabilityCaller, CapabilityMethod } from './capability.ts';
export { createDocumentsCapability, DOCS_COLLECTION } from './documents-capability.ts';
export type { FoundPassage } from './documents-capability.ts';
export { indexMarkdownFolder } from './index-documents.ts';
export type { IndexParts, IndexReport } from './index-documents.ts';
