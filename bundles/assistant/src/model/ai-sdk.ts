/** What the agent uses of the AI SDK: packed into `dist/ai-sdk.js` by `npm run build`, since a registered bundle has no node_modules. */
export { isStepCount, jsonSchema, streamText, tool } from 'ai';
export { createAnthropic } from '@ai-sdk/anthropic';
export { createOpenAICompatible } from '@ai-sdk/openai-compatible';
