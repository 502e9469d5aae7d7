// The name of the organization.
import { TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { sessionQuery } from '../../api/queries'
import { ORGANIZATION, organizationQuery, renameOrganization, type Organization } from '../../api/settings'
import { useMay } from '../../frame/role'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import { useAction } from '../../parts/use-action'
import { SaveForm } from './save-form'

export function OrganizationSettings() {
  const query = useQuery(organizationQuery)
  return (
    <Panel title="Organization">
      <Loaded query={query} label="the organization">
        {(organization) => <NameForm organization={organization} />}
      </Loaded>
    </Panel>
  )
}

function NameForm({ organization }: { organization: Organization }) {
  const [name, setName] = useState(organization.name)
  const save = useAction(renameOrganization, { refresh: [ORGANIZATION, sessionQuery.queryKey] })
  return (
    <SaveForm
      action={save}
      mayChange={useMay('admin')}
      onSave={() => {
        save.mutate(name.trim())
      }}
    >
      <TextInput
        size="xs"
        required
        label="Name"
        description="Shown to everybody here, and to the administrators you invite"
        maxLength={120}
        value={name}
        onChange={(event) => {
          setName(event.currentTarget.value)
        }}
      />
      <TextInput size="xs" label="Id" readOnly value={organization.id} />
    </SaveForm>
  )
}
