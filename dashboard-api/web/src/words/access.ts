// What a connection may read, how it was given, and when it will end, in words.
import type { AccessWarning, Capability, Connection, Webhook } from '../api/types'
import type { Tone } from '../parts/badge'
import { humanize } from './format'

const KINDS: Record<Connection['access_kind'], string> = {
  classic: 'Consent, whole-account read',
  scoped: 'Consent, one scope per resource',
  app: 'App installed for the account',
  api_key: 'Read-only API key',
}

export const accessKind = (kind: Connection['access_kind']): string => KINDS[kind]

interface Words {
  label: string
  tone: Tone
}

const ACCESS: Record<Capability['access'], Words> = {
  readable: { label: 'Readable', tone: 'good' },
  forbidden: { label: 'Refused', tone: 'bad' },
  not_in_plan: { label: 'Not in plan', tone: 'plain' },
  unknown: { label: 'Not tried yet', tone: 'plain' },
}

export const accessWords = (access: Capability['access']): Words => ACCESS[access]

const WEBHOOKS: Record<Webhook['state'], Words & { explanation: string }> = {
  off: { label: 'Off', tone: 'plain', explanation: 'Events arrive with the next sync only.' },
  waiting: { label: 'Waiting', tone: 'warn', explanation: 'Set up, but PagerDuty has sent nothing yet.' },
  receiving: { label: 'Receiving', tone: 'good', explanation: 'Events arrive as they happen.' },
  silent: {
    label: 'Silent',
    tone: 'bad',
    explanation: 'Nothing has arrived for longer than usual; the subscription may be disabled at PagerDuty.',
  },
}

export const webhookWords = (state: Webhook['state']) => WEBHOOKS[state]

const WARNINGS: Record<string, string> = {
  idle_limit: 'The access ends when it is not renewed',
  rolling_window: 'The access ends on a fixed day',
  consenter_gone: 'The person who consented is no longer in the account',
  consenter_demoted: 'The person who consented has a smaller role now',
  other: 'The access needs attention',
}

/** The title of a warning of the consent clock. */
export const warningTitle = ({ kind }: AccessWarning): string => WARNINGS[kind] ?? humanize(kind)
