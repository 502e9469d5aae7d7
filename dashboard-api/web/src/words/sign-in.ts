// Why a sign-in with the organization's own provider ended here again, and what to do.

interface Refusal {
  title: string
  explanation: string
  next: string
}

const REFUSALS: Record<string, Refusal> = {
  denied: {
    title: 'The sign-in was cancelled',
    explanation: 'Your provider reports that the sign-in was denied or cancelled there.',
    next: 'Try again, and choose the account of your organization.',
  },
  state_refused: {
    title: 'This sign-in could not be matched to your browser',
    explanation: 'It was older than 10 minutes, used before, or finished in another browser.',
    next: 'Start again from here and finish in the same browser.',
  },
  identity_refused: {
    title: 'The proof of identity did not pass our checks',
    explanation: 'Your provider answered, but its token was not valid for this service.',
    next: 'Try once more. If it happens again, give the request id to whoever runs this service.',
  },
  no_membership: {
    title: 'You are not a member here yet',
    explanation: 'Your provider knows you, but no organization of this service does.',
    next: 'Ask an administrator of your organization to add your e-mail under Settings, Members.',
  },
  provider_unavailable: {
    title: 'Your sign-in provider did not answer',
    explanation: 'It could not be reached in time. Nothing was changed.',
    next: 'Wait a few minutes and try again, or use a link by mail.',
  },
}

export function signInRefusal(name: string): Refusal {
  return (
    REFUSALS[name] ?? {
      title: 'The sign-in did not work',
      explanation: `The attempt was ended (${name}).`,
      next: 'Try again. If it happens again, give the request id to whoever runs this service.',
    }
  )
}
