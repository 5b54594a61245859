import type { Turn } from '@switchyard/bundle-sdk';
import type { AgentProps } from './agent-props.ts';

/** What answering with a model needs of a turn. */
export type AgentTurn = Pick<
  Turn<AgentProps, 'documents' | 'exec' | 'http' | 'model' | 'operations'>,
  | 'message'
  | 'attachments'
  | 'user'
  | 'props'
  | 'signal'
  | 'history'
  | 'delta'
  | 'thinking'
  | 'step'
  | 'citations'
  | 'documents'
  | 'exec'
  | 'file'
  | 'http'
  | 'operations'
  | 'takeNextContinuation'
>;
