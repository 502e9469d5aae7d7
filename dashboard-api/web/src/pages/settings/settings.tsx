// What the organization decides: names, prices, rules, people, keys, privacy, notices, and its end.
import { getRouteApi } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useMay, type Role } from '../../frame/role'
import { EmptyState } from '../../parts/empty-state'
import { PageHeader } from '../../parts/page-header'
import parts from '../../parts/parts.module.css'
import { chosenTab, Tabs } from '../../parts/tabs'
import { ApiKeys } from './api-keys'
import { AuditLog } from './audit-log'
import { ContractAndPrices } from './contract'
import { DangerZone } from './danger'
import { Exemptions } from './exemptions'
import { Members } from './members'
import { NotificationSettings } from './notifications'
import { OrganizationSettings } from './organization'
import { PrivacySettings } from './privacy'
import { ThresholdSettings } from './thresholds'

interface Section {
  id: string
  label: string
  least: Role
  content: ReactNode
}

const SECTIONS: readonly Section[] = [
  { id: 'organization', label: 'Organization', least: 'viewer', content: <OrganizationSettings /> },
  { id: 'contract', label: 'Prices and contract', least: 'viewer', content: <ContractAndPrices /> },
  { id: 'thresholds', label: 'Thresholds', least: 'viewer', content: <ThresholdSettings /> },
  { id: 'exemptions', label: 'Exemptions', least: 'viewer', content: <Exemptions /> },
  { id: 'members', label: 'Members', least: 'viewer', content: <Members /> },
  { id: 'keys', label: 'API keys', least: 'admin', content: <ApiKeys /> },
  { id: 'privacy', label: 'Privacy', least: 'viewer', content: <PrivacySettings /> },
  { id: 'notifications', label: 'Notifications', least: 'admin', content: <NotificationSettings /> },
  { id: 'audit', label: 'Audit log', least: 'admin', content: <AuditLog /> },
  { id: 'danger', label: 'Danger zone', least: 'owner', content: <DangerZone /> },
]

const route = getRouteApi('/frame/settings')

export function SettingsPage() {
  const { tab } = route.useSearch()
  const reached: Record<Role, boolean> = {
    viewer: true,
    analyst: useMay('analyst'),
    admin: useMay('admin'),
    owner: useMay('owner'),
  }
  const sections = SECTIONS.filter(({ least }) => reached[least])
  const chosen = chosenTab(sections, tab)
  return (
    <>
      <PageHeader title="Settings" subtitle="What this organization decides about its figures and its people" />
      <Tabs label="Sections of settings" tabs={sections} current={chosen} />
      {tab !== undefined && tab !== chosen && (
        <EmptyState title="This section is not for your role">
          <p>Ask an administrator of the organization.</p>
        </EmptyState>
      )}
      <div className={parts.stack}>{sections.find(({ id }) => id === chosen)?.content}</div>
    </>
  )
}
