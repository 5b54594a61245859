/** One request's or one WebSocket's use of an address. */
export interface UpstreamLease {
  readonly target: URL;
  /** Of the target, taken apart once for all requests. */
  readonly hostname: string;
  /** Empty: the usual one of its protocol. */
  readonly port: string;
  /** It is over. May be called again. */
  release(): void;
  /** No connection could be made: others are asked first until somebody has seen this one answer. */
  reportDown(): void;
}

export interface UpstreamMember {
  readonly target: URL;
  readonly isUp: boolean;
  setUp(isUp: boolean): void;
}

/** The addresses of one service. */
export interface UpstreamPool {
  readonly members: readonly UpstreamMember[];
  /**
   * The address with the fewest open requests among those that are up, apart from `tried`. When none of these is up, one that is down: a
   * service that is asked can say no itself. Undefined: all were tried.
   */
  take(tried?: readonly URL[]): UpstreamLease | undefined;
}

interface Member {
  readonly target: URL;
  readonly hostname: string;
  readonly port: string;
  open: number;
  isUp: boolean;
}

const fewestOpen = (members: readonly Member[], from: number): Member | undefined => {
  let best: Member | undefined;
  // Beginning at another one each time, so that of those that are equally busy not always the first is taken.
  for (let step = 0; step < members.length; step += 1) {
    const member = members[(from + step) % members.length];
    if (member !== undefined && (best === undefined || member.open < best.open)) best = member;
  }
  return best;
};

export const createUpstreamPool = (addresses: readonly URL[]): UpstreamPool => {
  const members = addresses.map((target): Member => ({
    target,
    // An address of IPv6 is in brackets only where it stands before a port.
    hostname: target.hostname.replace(/^\[|\]$/gu, ''),
    port: target.port,
    open: 0,
    isUp: true,
  }));
  let turn = 0;
  const lease = (member: Member): UpstreamLease => {
    let isOver = false;
    member.open += 1;
    return {
      target: member.target,
      hostname: member.hostname,
      port: member.port,
      release: () => {
        if (isOver) return;
        isOver = true;
        member.open -= 1;
      },
      reportDown: () => {
        member.isUp = false;
      },
    };
  };
  return {
    members: members.map((member) => ({
      target: member.target,
      get isUp() {
        return member.isUp;
      },
      setUp: (isUp) => {
        member.isUp = isUp;
      },
    })),
    take: (tried = []) => {
      turn += 1;
      const left = tried.length === 0 ? members : members.filter(({ target }) => !tried.includes(target));
      const up = left.filter(({ isUp }) => isUp);
      const member = fewestOpen(up.length > 0 ? up : left, turn);
      return member === undefined ? undefined : lease(member);
    },
  };
};
