// The pages in the order of the navigation, also what the keyboard search can open.

export const PAGES = [
  { to: '/', label: 'Overview', words: 'home seats utilization', group: 'figures' },
  { to: '/licenses', label: 'Licenses', words: 'price cost charge-back renewal', group: 'figures' },
  { to: '/users', label: 'Users', words: 'people seats', group: 'figures', personal: true },
  { to: '/features', label: 'Features', words: 'adoption heat map add-ons', group: 'figures' },
  { to: '/teams', label: 'Teams', words: '', group: 'figures' },
  { to: '/on-call', label: 'On-call load', words: 'duty ghost fairness pages', group: 'figures', personal: true },
  { to: '/recommendations', label: 'Recommendations', words: 'reclaim savings', group: 'figures', personal: true },
  { to: '/sync', label: 'Sync & freshness', words: 'datasets receipts runs parked', group: 'source' },
  { to: '/connections', label: 'Connections', words: 'catalog connect invite', group: 'source' },
  { to: '/settings', label: 'Settings', words: 'members keys prices privacy audit', group: 'source' },
] as const

export type PageTo = (typeof PAGES)[number]['to']
