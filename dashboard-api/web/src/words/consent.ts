// What happened at PagerDuty, in words, and what to do next; one entry per outcome the server names.

export interface ConsentWords {
  tone: 'good' | 'bad'
  title: string
  explanation: string
  next: string
}

const OUTCOMES: Record<string, ConsentWords> = {
  connected: {
    tone: 'good',
    title: 'PagerDuty is connected',
    explanation: 'Access was granted and stored sealed. The first sync has started.',
    next: 'Nothing to do: progress shows on the Connections page, figures appear when the sync ends.',
  },
  denied: {
    tone: 'bad',
    title: 'Access was not granted',
    explanation: 'Deny was pressed on the consent page of PagerDuty. Nothing was changed.',
    next: 'Press Connect again and choose Allow, or ask an administrator of the PagerDuty account to do it.',
  },
  state_refused: {
    tone: 'bad',
    title: 'This sign-in could not be matched to your browser',
    explanation:
      'The attempt was older than 10 minutes, was used before, or was finished in another browser. Nothing was changed.',
    next: 'Start again from this page and finish in the same browser.',
  },
  wrong_account: {
    tone: 'bad',
    title: 'That is another PagerDuty account',
    explanation:
      'You signed in to a different PagerDuty account than the one connected here. The data of two accounts is never mixed, so nothing was changed.',
    next: 'Sign out at PagerDuty and reconnect with the account shown on the card, or disconnect it first to connect the other one.',
  },
  insufficient_role: {
    tone: 'bad',
    title: 'Your PagerDuty role is not enough',
    explanation:
      'The person who signed in may not read the whole account. Nothing was stored, so that no figure is built on half of it.',
    next: 'Sign in as a global administrator or the account owner, or invite one from the card.',
  },
  app_not_installed: {
    tone: 'bad',
    title: 'The app is not installed in this PagerDuty account',
    explanation: 'PagerDuty knows the app, but the account has not installed or approved it.',
    next: 'Ask the account owner to approve the app at PagerDuty under Integrations, then press Connect again.',
  },
  no_access: {
    tone: 'bad',
    title: 'PagerDuty confirmed who you are, but granted no data access',
    explanation:
      'Only the sign-in was granted, none of the read scopes. The app may not be approved for the account, or your role may not grant them.',
    next: 'Ask an account owner or global administrator of PagerDuty to press Connect.',
  },
  identity_refused: {
    tone: 'bad',
    title: 'The proof of identity did not pass our checks',
    explanation:
      'PagerDuty answered, but its identity token was not valid for this application. Nothing was stored.',
    next: 'Try once more. If it happens again, give the request id to whoever runs this service.',
  },
  provider_unavailable: {
    tone: 'bad',
    title: 'PagerDuty did not answer',
    explanation: 'The consent could not be completed because PagerDuty was not reachable in time.',
    next: 'Wait a few minutes and press Connect again. Nothing was changed.',
  },
}

/** The words for an outcome; one this page does not know still says what to do. */
export function consentWords(outcome: string): ConsentWords {
  return (
    OUTCOMES[outcome] ?? {
      tone: 'bad',
      title: 'The connection was not made',
      explanation: `PagerDuty or this service ended the attempt (${outcome}).`,
      next: 'Try again. If it happens again, give the request id to whoever runs this service.',
    }
  )
}
