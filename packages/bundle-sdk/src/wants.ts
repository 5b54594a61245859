import type { z } from 'zod';
import type { Capability } from './capabilities.ts';

/** What a part of a bundle wants on its `ctx`; the bundle itself must ask for all of it. */
export interface Wants<P extends z.ZodObject, C extends Capability, S extends string, J> {
  /** The bundle's `props`, for their types: `ctx.props`. */
  readonly props?: P;
  readonly needs?: readonly C[];
  /** Names from the bundle's `secrets`: `ctx.secrets`. */
  readonly secrets?: readonly S[];
  /** Jobs that it adds, from the bundle's `jobs`: `ctx.jobs`. */
  readonly jobs?: J;
}

/** A part is typed by what it says itself, never by the bundle that it stands in: there the two are compared. */
export type Made<Ctx> = NoInfer<Ctx>;

/** Has no keys, so there is no `jobs` member. */
export type NoJobs = unknown;
