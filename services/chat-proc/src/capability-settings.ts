import { bytes, duration, list, optionalSecret, text } from '@switchyard/kernel';

/** What bundles may ask of this worker, and where it gets it. */
export const capabilitySettings = {
  secretsUrl: text('').describe(
    'Address of the secrets service, as `http://127.0.0.1:7777` or `https://secrets:7777`; empty: there is none.',
  ),
  secretsCaFile: text('').describe(
    'Certificate (PEM) of who vouches for the secrets service, and nobody else then; empty: whom Node trusts.',
  ),
  secretsToken: optionalSecret().describe('Token of chat-proc at the secrets service.'),
  httpAllowedHosts: list(['*']).describe(
    'Hosts that bundles may reach by `http.fetch`, of those that they ask for: `api.example.com`, `*.example.com`; `*`: all of them.',
  ),
  httpPrivateHosts: list([]).describe(
    'Hosts with port, as `models.lan:8000`, that bundles may reach though their address is not public.',
  ),
  httpTimeout: duration('120s').describe('Longest that a request of a bundle may take, with its answer.'),
  httpMaxRequest: bytes('25MiB').describe('Largest body of a request of a bundle.'),
  httpMaxResponse: bytes('100MiB').describe('Largest body that is answered to a bundle.'),
};
