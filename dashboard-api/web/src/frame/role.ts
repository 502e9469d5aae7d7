// What the signed-in person may do. The server decides; the page only leaves out what it would refuse.
import { useQuery } from '@tanstack/react-query'
import { sessionQuery } from '../api/queries'

const ROLES = ['viewer', 'analyst', 'admin', 'owner'] as const
export type Role = (typeof ROLES)[number]

/** Whether a role reaches another: owner ⊇ admin ⊇ analyst ⊇ viewer. */
export function reaches(role: string | undefined, least: Role): boolean {
  return ROLES.findIndex((name) => name === role) >= ROLES.indexOf(least)
}

/** Until the session is known nothing may be changed. */
export function useMay(least: Role): boolean {
  const { data: session } = useQuery(sessionQuery)
  return reaches(session?.role, least)
}
