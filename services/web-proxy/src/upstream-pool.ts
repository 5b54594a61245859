/** A target, taken apart once for all requests; the same object for all of one address. */
export interface UpstreamAddress {
  readonly hostname: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** One request's or one WebSocket's use of an address. */
export interface UpstreamLease {
  readonly target: URL;
  readonly address: UpstreamAddress;
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
  readonly address: UpstreamAddress;
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

const addressOf = ({ protocol, hostname, port }: URL): UpstreamAddress => {
  const isSecure = protocol === 'https:';
  return {
    // An address of IPv6 is in brackets only where it stands before a port.
    hostname: hostname.replace(/^\[|\]$/gu, ''),
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    isSecure,
  };
};

export const createUpstreamPool = (addresses: readonly URL[]): UpstreamPool => {
  const members = addresses.map((target): Member => ({
    target,
    address: addressOf(target),
    open: 0,
    isUp: true,
  }));
  let turn = 0;
  const lease = (member: Member): UpstreamLease => {
    let isOver = false;
    member.open += 1;
    return {
      target: member.target,
      address: member.address,
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
