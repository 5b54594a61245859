/** Every word that the pages say. */
export const texts = {
  product: 'Switchyard',
  signIn: {
    title: 'Sign in',
    login: 'Name or mail address',
    password: 'Password',
    submit: 'Sign in',
    guest: 'Go on without signing in',
    wrong: 'That name and password do not fit together.',
    tooMany: (minutes: number) =>
      `Too many attempts. Try again in ${minutes} min, or from a browser in which you have signed in before.`,
    insecure:
      'Browsers keep a sign-in only over HTTPS or on localhost. Open this page over HTTPS; an operator sets the certificate with TLS_CERT_FILE and TLS_KEY_FILE.',
    signedOut: 'You are signed out.',
    changed: 'Your password is changed. Everywhere else you are signed out.',
  },
  password: {
    first: 'Choose a password',
    change: 'Change your password',
    hint: (min: number) =>
      `At least ${min} characters. A few words that only you would put together are good.`,
    firstHint: (login: string) => `Next time sign in as ${login} with it; one-time links go on working.`,
    current: 'Current password',
    fresh: 'New password',
    again: 'New password, once more',
    submit: 'Save',
    later: 'Not now',
    too_short: (min: number) => `That is shorter than ${min} characters.`,
    too_long: 'That is longer than 256 characters.',
    too_simple: 'That is too easy to guess.',
    unlike: 'The two are not the same.',
    wrong: 'The current password is another one.',
    late: 'The password was changed meanwhile, in another window or by somebody else.',
    taken: 'That name is taken by another account. Ask an administrator.',
    elsewhere: 'You sign in at your organisation; the password is theirs to change.',
  },
  account: {
    title: 'Your account',
    signedInAs: 'Signed in as',
    password: 'Password',
    setPassword: 'Set a password',
    changePassword: 'Change password',
    noPassword: 'None yet',
    hasPassword: 'Set',
    devices: 'Where you are signed in',
    here: 'here',
    since: (when: string) => `since ${when}`,
    unknownDevice: 'Unknown browser',
    methods: { link: 'one-time link', password: 'password', oidc: 'your organisation' } as Readonly<
      Record<string, string>
    >,
    end: 'Sign out',
    endOthers: 'Sign out everywhere else',
    signOut: 'Sign out',
    back: 'Back to the conversations',
    ended: (count: number) =>
      `Signed out ${count === 1 ? 'in one other place' : `in ${count} other places`}.`,
  },
  problem: {
    title: 'That did not work',
    tooBusy: { title: 'Busy right now', hint: 'Try again in a moment.' },
    otherSite: {
      title: 'This did not come from our page',
      hint: 'For your safety nothing was done. Go back to the page and try again.',
    },
    signIn: { title: 'Please sign in first', hint: 'Your sign-in has ended.' },
    missing: { title: 'There is no such page', hint: 'The address may be old or mistyped.' },
    back: 'Go to the sign-in page',
  },
} as const;
