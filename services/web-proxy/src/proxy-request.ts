import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';
import { readAnswerHead } from './answer-head.ts';
import type { AnswerHead, AnswerRules } from './answer-head.ts';
import { answerRefusal } from './answer-refusal.ts';
import type { Client } from './client-address.ts';
import type { SitePlace, Way } from './decide-way.ts';
import type { Forwarding } from './forwarding.ts';
import { countBody, decideLength, hasBody } from './limit-body.ts';
import { takeClaim, takePlace, unmaskClaim, upstreamsOf, wayOf, writeHeaders } from './prepare-request.ts';
import type { CookieClaim } from './prepare-request.ts';
import type { PortKind, ProxyParts } from './proxy-parts.ts';
import type { RequestJournal, Told } from './request-journal.ts';
import type { UpstreamPool } from './upstream-pool.ts';

/** What all requests of a port have in common. */
export interface PortParts {
  readonly parts: ProxyParts;
  readonly kind: PortKind;
  readonly answerRules: Readonly<Record<SitePlace | 'platform', AnswerRules>>;
  readonly journal: RequestJournal;
  /** States of a store that pass become 503; everything else comes back as it is. */
  readonly translateError: (error: unknown) => unknown;
}

/** Where the form around the attachments, its boundaries and headers, may add to the message's own limit. */
const FORM_OVERHEAD_BYTES = 256 * 1024;

const tooLarge = (limitBytes: number): PlatformError =>
  PlatformError.of('TOO_LARGE', 'The body is too large.', { details: { limit_bytes: limitBytes } });

/** What is known of a request before it is sent on. */
interface Plan {
  readonly way: Way;
  readonly client: Client;
  readonly upstreams: UpstreamPool;
  readonly bodyLimitBytes: number;
}

/**
 * One request from its head to the end of its answer: forwarded, or refused. It is one object that its ends are told to, for what is made anew
 * for every request is most of what a request costs.
 */
export class ProxiedRequest {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #requestId: string;
  readonly #port: PortParts;
  readonly #startedAt: number;
  #release: (() => void) | undefined;
  #forwarding: Pick<Forwarding, 'end'> | undefined;
  #isStream = false;
  /** The connection is of no use after this answer. */
  #isLast = false;

  constructor(request: IncomingMessage, response: ServerResponse, requestId: string, port: PortParts) {
    this.#request = request;
    this.#response = response;
    this.#requestId = requestId;
    this.#port = port;
    this.#startedAt = port.journal.now();
  }

  start(): void {
    this.#response.once('close', () => this.#onClose());
    try {
      const plan = this.#plan();
      const claim = takeClaim(this.#request, this.#port.parts, { isUpgrade: false, client: plan.client });
      if (claim === undefined) this.#forward(plan, undefined);
      else void this.#unmask(plan, claim);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #onClose(): void {
    this.#release?.();
    this.#port.journal.ended(this.#told(), this.#response, this.#startedAt, this.#isStream);
  }

  #told(): Told {
    const { method = 'GET', url = '/' } = this.#request;
    return { requestId: this.#requestId, method, url };
  }

  #refuse(thrown: unknown): void {
    const { journal, translateError } = this.#port;
    const error = thrown instanceof PlatformError ? thrown : translateError(thrown);
    if (!(error instanceof PlatformError) || error.status >= 500) journal.failed(this.#told(), error);
    answerRefusal(this.#response, error, { requestId: this.#requestId, isLast: this.#isLast });
  }

  /** Throws what is to be answered instead. */
  #plan(): Plan {
    const { parts, kind } = this.#port;
    const request = this.#request;
    // Where a head could not be read nobody knows where the next one begins.
    this.#isLast = true;
    parts.heads.check(request);
    this.#isLast = false;
    const way = wayOf(request, parts, kind);
    const bodyLimitBytes = parts.maxBodyBytes[way.body] + FORM_OVERHEAD_BYTES;
    const verdict = decideLength(request.headers['content-length'], bodyLimitBytes);
    this.#isLast = verdict === 'far-too-large';
    if (verdict !== 'fits') throw tooLarge(bodyLimitBytes);
    const upstreams = upstreamsOf(way, parts);
    const client = parts.clients.read(request);
    this.#release = takePlace(client, parts);
    return { way, client, upstreams, bodyLimitBytes };
  }

  async #unmask(plan: Plan, claim: CookieClaim): Promise<void> {
    try {
      const token = await unmaskClaim(claim, this.#port.parts, plan.way);
      // Its client may have left meanwhile.
      if (!this.#response.destroyed) this.#forward(plan, token);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #forward({ way, client, upstreams, bodyLimitBytes }: Plan, token: string | undefined): void {
    const { parts, answerRules } = this.#port;
    const [request, response, requestId] = [this.#request, this.#response, this.#requestId];
    const hop = { requestId, isUpgrade: false, isTls: client.isTls, remoteAddress: client.address };
    const rules = answerRules[way.site ?? 'platform'];
    this.#forwarding = parts.forwarder.forward({
      request,
      response,
      upstreams,
      path: way.target,
      headers: writeHeaders(request, way, { token, hop }),
      idleTimeoutMs: way.site === undefined ? parts.idleTimeoutMs.platform : parts.idleTimeoutMs.site,
      body: hasBody(request) ? this.#watchBody(bodyLimitBytes) : undefined,
      readAnswer: (answer) => this.#readAnswer(answer, rules),
      onFailed: (error) => this.#refuse(error),
    });
  }

  #readAnswer(answer: IncomingMessage, rules: AnswerRules): AnswerHead {
    const head = readAnswerHead(answer, rules, this.#requestId);
    this.#isStream = head.isStream;
    // What the client, or a drain, wants to be closed is not promised to be kept.
    head.headers.push('Connection', this.#response.shouldKeepAlive ? 'keep-alive' : 'close');
    return head;
  }

  /** Passes the body on as long as it keeps its limits. */
  #watchBody(limitBytes: number): Readable {
    const request = this.#request;
    this.#port.parts.bodies.watch(request, () => {
      this.#isLast = true;
      this.#failBody(PlatformError.of('REQUEST_TIMEOUT'));
    });
    // One that announced its length cannot be longer: the parser takes what follows for the next request.
    return request.headers['transfer-encoding'] === undefined
      ? request
      : countBody(request, limitBytes, () => this.#failBody(tooLarge(limitBytes)));
  }

  #failBody(error: PlatformError): void {
    this.#forwarding?.end();
    this.#refuse(error);
  }
}
