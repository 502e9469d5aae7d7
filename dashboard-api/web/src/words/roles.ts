// The four roles and what each may do.
import type { Role } from '../frame/role'

export const ROLE_WORDS: Record<Role, { label: string; definition: string }> = {
  viewer: { label: 'Viewer', definition: 'Reads everything, changes nothing, may invite the PagerDuty administrator.' },
  analyst: { label: 'Analyst', definition: 'Also decides about recommendations, exempts seats and saves views.' },
  admin: { label: 'Admin', definition: 'Also connects, enters prices, and manages members, keys and settings.' },
  owner: { label: 'Owner', definition: 'Everything, including other owners and the danger zone.' },
}

export const roleDefinition = (role: Role): string => ROLE_WORDS[role].definition

export const roleNamed = (name: string): Role =>
  name === 'analyst' || name === 'admin' || name === 'owner' ? name : 'viewer'
