interface Runtime {
  manifest(): unknown;
  load(props: unknown): Promise<void>;
}

/**
 * Loads the sample as a real bundle is loaded, by the same loader and hooks, and asks for its manifest: all that takes time at a first
 * load and does not depend on the bundle is done then.
 */
export async function warmUp(sampleUrl: string, runtimeKey: symbol): Promise<void> {
  const { default: bundle } = (await import(sampleUrl)) as { default: object };
  const runtime = Reflect.get(bundle, runtimeKey) as Runtime;
  await runtime.load({});
  runtime.manifest();
}
